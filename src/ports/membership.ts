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
