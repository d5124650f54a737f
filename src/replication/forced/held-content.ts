import type { KeyValue, Space } from '../../ports/delta.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held, LeaseTerms, Mark } from '../../ports/replication.ts';

/** All that a replica beyond the quorum has, as of its last mark. It takes nothing new while this is read. */
export interface HeldContent {
  readonly held: Held;
  readonly mark: Pick<Mark, 'index' | 'timeMs' | 'leaderRevisions'>;
  /** Since a hot node last said that this is all there is, ms. */
  readonly ageMs: number;
  readonly leases: readonly LeaseTerms[];
  readonly members: readonly MemberFacts[];
  /** Each key once, in any order, in batches. */
  values(space: Space): AsyncIterable<readonly KeyValue[]>;
}
