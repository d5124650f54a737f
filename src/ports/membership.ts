import type { NodeId } from '../foundation/ids.ts';

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
  | { readonly kind: 'update'; readonly id: NodeId; readonly facts: Partial<Omit<MemberFacts, 'id'>> };
