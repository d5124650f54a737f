import test from 'ava';
import { defaultSuspicion } from '../../../src/failover/options.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { logIndex, type NodeId, term } from '../../../src/foundation/ids.ts';
import { LeaderMonitor } from '../../../src/node/leading/leader-monitor.ts';
import type { PeerGuard } from '../../../src/node/peers/peer-guard.ts';
import { beforeAll } from '../../../src/ports/log-store.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import type { RaftMessage } from '../../../src/raft/message.ts';
import { TestClock } from '../../mirrors/test-clock.ts';
import { a, appended, b, node } from '../../raft/single-node.ts';

const { floorMs, heartbeatMs } = defaultSuspicion;
const identity = { storeId: 'store-b', bootCounter: 4, incarnation: 'b4', last: beforeAll, doubted: false };
const beat: RaftMessage = {
  type: 'heartbeat',
  from: b,
  to: a,
  term: term(1),
  commit: logIndex(0),
  round: 0,
  succession: [],
  context: new Uint8Array(0),
};

test('a refusal that did not count, of a leader that is heard no more, is asked for again three heartbeats after its last word', async (t) => {
  const clock = new TestClock();
  const raft = node();
  raft.step(appended(1, [0, 0], [], 0));
  const probed: NodeId[] = [];
  const monitor = new LeaderMonitor({
    self: a,
    raft,
    clock,
    transport: {
      probe: async (to: NodeId) => {
        probed.push(to);
        throw new TanistError('unavailable', 'refused');
      },
    } as unknown as Transport<RaftMessage>,
    guard: { identityOf: () => identity } as unknown as PeerGuard,
    nodeLog: silentLog,
    suspicion: defaultSuspicion,
    wake: () => monitor.follow(),
    hurry: () => monitor.follow(),
  });
  monitor.follow();
  monitor.disconnected(b, 'refused');
  t.is(raft.status.leader, null);
  await clock.advance(floorMs - 1);
  monitor.heard([beat]);
  t.is(raft.status.leader, b, 'something between the two refuses');
  // The timer of before has looked again, and waits for the silence that is allowed.
  await clock.advance(2);
  monitor.disconnected(b, 'refused');
  await clock.advance(3 * heartbeatMs - 3);
  t.is(raft.status.leader, b);
  t.deepEqual(probed, []);
  await clock.advance(1);
  t.deepEqual(probed, [b]);
  t.is(raft.status.leader, null);
  monitor.stop();
});
