import test from 'ava';
import { defaultSuspicion } from '../../src/failover/options.ts';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
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
  await bench.until(bench.handler.hello(peer, identity('another'), 'c1', ''));
  t.true(bench.node.inspect().doubtedPeers.has(peer));
});
