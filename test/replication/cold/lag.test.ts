import test from 'ava';
import { servedCold } from '../../../src/api/replication/served-cold.ts';
import { systemClock } from '../../../src/api/system-clock.ts';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { bySpace } from '../../../src/ports/delta.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { type ColdReplicaPorts, defaultColdOptions } from '../../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../../src/replication/cold/cold-replica.ts';

test('a snapshot of a source that lagged itself is behind the leader', (t) => {
  const newest = {
    revisions: bySpace(() => revision(40)),
    leaderRevisions: bySpace(() => revision(47)),
    contents: { user: { keys: 1 } },
    members: [],
    takenAtMs: 0,
  };
  const ports = {
    clock: systemClock,
    nodeLog: silentLog,
    store: { newest, snapshots: [newest], trouble: null, held: () => null },
    vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
  } as unknown as ColdReplicaPorts;
  const replica = new ColdReplica({ ...defaultColdOptions, id: nodeId('cold') }, ports);
  t.is(replica.report().lagRevisions, 7);
  t.is(servedCold(replica, defaultRequestLimits).gauges().lagRevisions, 7, 'and so say its metrics');
});
