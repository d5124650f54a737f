import type { Revision } from '../../foundation/ids.ts';
import type { Mark } from '../../ports/replication.ts';
import type { ReplicaView } from './replica-book.ts';

/** Of the space `user`. */
export interface ReplicaLag {
  readonly revisions: number;
  readonly ms: number;
}

/** Of a replica beyond the quorum, as who is at revision `latest` knows it: a stream that stalls, or none, does not make it level. */
export function replicaLag({ report, ageMs, reachable }: ReplicaView, latest: Revision): ReplicaLag {
  const { held, lagRevisions, lagMs } = report;
  return {
    // Who asks may itself be behind what the replica knows of the leader.
    revisions: Math.max(latest - (held?.revisions.user ?? 0), lagRevisions),
    ms: lagMs + (reachable ? 0 : ageMs),
  };
}

/** As far as the replica itself knows: the leader was so far ahead at its last mark or snapshot. Null: it has none. */
export function lagAtMark(mark: Pick<Mark, 'revisions' | 'leaderRevisions'> | null): number {
  return mark === null ? 0 : Math.max(0, mark.leaderRevisions.user - mark.revisions.user);
}
