import type { NodeId } from '../foundation/ids.ts';
import type { Tier } from './tier.ts';

/** What the cluster knows of a member beside whether it votes, which is Raft's to say. */
export interface MemberFacts {
  readonly id: NodeId;
  /** Empty until the member has started, where it was added without one. */
  readonly name: string;
  /** host:port each; of peers several, separated by commas, tried in turn. Empty: not known yet. */
  readonly peer: string;
  readonly client: string;
  readonly http: string;
  /** hot, warm, cold. */
  readonly tier: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A change of tier that is under way: the member is to become hot. Absent: none. Whoever leads goes on with it. */
  readonly wanted?: 'hot';
  /** With `wanted`: the voter whose place it takes. */
  readonly replaces?: NodeId;
}

/** How the facts change with an entry of the log that sets who votes. */
export interface MemberChange {
  readonly set: readonly MemberFacts[];
  /** Gone for ever: their ids are not used again. */
  readonly removed: readonly NodeId[];
}

/** A member with its part in the quorum. */
export interface MemberInfo extends MemberFacts {
  readonly voter: boolean;
  readonly learner: boolean;
}

/** A wish of an operator. Addresses that are left out stay as they are, or are empty. */
export type MemberRequest =
  | {
      readonly kind: 'add';
      readonly facts: MemberFacts;
      readonly voter: boolean;
    }
  | { readonly kind: 'promote'; readonly id: NodeId }
  | { readonly kind: 'remove'; readonly id: NodeId }
  /** `to` hot: begins it, or goes on with it (`replaces`: in the place of that voter); otherwise done with this one step. */
  | { readonly kind: 'tier'; readonly id: NodeId; readonly to: Tier; readonly replaces?: NodeId }
  | { readonly kind: 'update'; readonly id: NodeId; readonly facts: Partial<Omit<MemberFacts, 'id'>> };
