import test from 'ava';
import { defaultSuspicion } from '../../src/failover/options.ts';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import { PeerConnections } from '../../src/node/peers/peer-connections.ts';
import { Bench } from './bench.ts';

const peer = nodeId('a');
const identity = (storeId: string) => ({
  storeId,
  bootCounter: 1,
  incarnation: `of ${storeId}`,
  last: { index: logIndex(0), term: term(0) },
  doubted: false,
});

test('a second process under the id of a living peer is refused; once that is silent, its disk was replaced', async (t) => {
  const suspicion = { ...defaultSuspicion, heartbeatMs: 20, floorMs: 100, ceilingMs: 200 };
  const bench = new Bench(1, ['a', 'b', 'c'], { suspicion });
  await bench.start();
  for (let i = 0; i < 20; i++) {
    bench.heartbeat('a', 1);
    await bench.run(20);
  }
  await t.throwsAsync(bench.until(bench.handler.hello(peer, identity('another'), 'c1', '')), {
    code: 'duplicate-node',
  });
  t.false(bench.node.inspect().doubtedPeers.has(peer));
  await bench.until(bench.handler.hello(peer, identity('store a'), 'c1', ''));
  await bench.run(1000);
  bench.handler.disconnected(peer, 'silent');
  await bench.until(bench.handler.hello(peer, identity('another'), 'c1', ''));
  t.true(bench.node.inspect().doubtedPeers.has(peer));
});

test('a follower that has nothing to say is alive all the same, as long as it is connected', async (t) => {
  const suspicion = { ...defaultSuspicion, heartbeatMs: 20, floorMs: 100, ceilingMs: 200 };
  const bench = new Bench(1, ['a', 'b', 'c'], { suspicion });
  await bench.start();
  for (let i = 0; i < 50; i++) {
    bench.heartbeat('a', 1);
    await bench.run(20);
  }
  const other = nodeId('c');
  await t.throwsAsync(bench.until(bench.handler.hello(other, identity('another'), 'c1', '')), {
    code: 'duplicate-node',
  });
  t.false(bench.node.inspect().doubtedPeers.has(other));
  bench.handler.disconnected(other, 'dropped');
  await bench.until(bench.handler.hello(other, identity('another'), 'c1', ''));
  t.true(bench.node.inspect().doubtedPeers.has(other), 'its disk was replaced');
});

test('a peer with another address is not held to be where it was', (t) => {
  const connections = new PeerConnections();
  const addresses = new Map([
    [peer, '1.1.1.1:1'],
    [nodeId('c'), '1.1.1.2:1'],
  ]);
  connections.dialled(addresses);
  connections.connected(peer, 'x');
  connections.connected(nodeId('c'), 'y');
  t.true(connections.runsOnAnother(peer, 'z'));
  t.false(connections.runsOnAnother(peer, 'x'));
  connections.dialled(addresses);
  t.true(connections.runsOnAnother(peer, 'z'));
  connections.dialled(addresses.set(peer, '1.1.1.3:1'));
  t.false(connections.runsOnAnother(peer, 'z'));
  t.true(connections.runsOnAnother(nodeId('c'), 'z'));
});
