import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import { encodeReport } from '../../../src/node/peers/self-report.ts';
import { removedText } from '../../../src/node/refusals.ts';
import { Bench } from '../bench.ts';

const self = nodeId('b');

async function leaving() {
  const hot = ['a', 'b'].map((id) => ({
    id: nodeId(id),
    clientAddress: '',
    peerAddress: `${id}:1`,
    httpAddress: '',
    tier: 'hot',
  }));
  const bench = new Bench(1, ['a', 'b'], { members: hot });
  await bench.start();
  await bench.lead();
  // Its peer trusts both, so that it could go on alone.
  const own = bench.handler.probed().identity.incarnation;
  bench.reports.set(
    'a',
    encodeReport({
      loopLagMs: 0,
      syncMs: 0,
      memoryUsed: 0,
      diskFree: 1,
      applied: 1,
      revision: 1,
      facts: null,
      replicas: [],
      links: [],
      integrity: null,
      model: null,
      trusted: [
        ['a', 'i'],
        ['b', own],
      ],
    }),
  );
  await bench.run(2000, () => {
    bench.answer();
    return false;
  });
  // From here on its peer answers nothing that would have it apply what it proposes.
  const asked = bench.node.changeMember({ kind: 'remove', id: self }).then(
    (members) => members.map(({ id }) => String(id)).join(),
    (error: { readonly message: string; readonly indeterminate: boolean }) =>
      `${error.indeterminate} ${error.message}`,
  );
  await bench.run(20);
  return { bench, asked };
}

test('a leader that hears from others that its removal is applied tells whoever asked for it', async (t) => {
  const { bench, asked } = await leaving();
  bench.handler.rejected(nodeId('a'), removedText(self));
  t.is(await bench.until(asked), 'a');
});

test('a leader that stops while a change is in the log says that it may go on', async (t) => {
  const { bench, asked } = await leaving();
  await bench.until(bench.node.stop());
  t.regex(
    await bench.until(asked),
    /^true the node stops while the change is in the log, .*look at the members/,
  );
});
