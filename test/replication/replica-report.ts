import { nodeId } from '../../src/foundation/ids.ts';
import type { ReplicaReport } from '../../src/ports/replication.ts';

/** What a warm replica says of itself that holds nothing yet and lacks nothing. */
export function replicaReport(own: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    id: nodeId('w'),
    tier: 'warm',
    held: null,
    lagRevisions: 0,
    lagMs: 0,
    trouble: null,
    syncMs: 0,
    memoryUsed: 0,
    diskFree: 1,
    links: [],
    facts: null,
    ...own,
  };
}
