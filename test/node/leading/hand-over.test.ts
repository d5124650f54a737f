import test from 'ava';
import { nodeId, noSession } from '../../../src/foundation/ids.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { put } from '../../state/commands.ts';
import { Bench } from '../bench.ts';

test('who is refused while leadership is handed over has heard who comes next', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  await bench.lead();
  // Ranked, and all have all.
  await bench.run(100, () => {
    bench.answer();
    return false;
  });
  const before = bench.node.routing().succession;
  const [first, second] = before;
  t.deepEqual([...before].sort(), ['a', 'c']);
  bench.sent.length = 0;
  const told: string[] = [];
  bench.node.onRouting(({ succession }) => void told.push(succession.join()));
  bench.node.transfer(nodeId(second ?? '')).catch(() => {});
  t.true(
    bench.sent.some(({ type, to }) => type === 'timeoutNow' && to === second),
    'the heir heard of it at once',
  );
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [put('k', 'v')] };
  const settle = (outcome: { readonly kind: string }): void => void told.push(outcome.kind);
  bench.node.submit({ bytes: encodeCommandBatch(batch), batch, settle, early: null });
  await bench.run(5);
  t.deepEqual(told, [`${second},${first}`, 'refused']);
});
