import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import { encodeReport } from '../../../src/node/peers/self-report.ts';
import { ModelComparison } from '../../../src/node/prediction/model-comparison.ts';
import { type SaidOfModel, saidJson, saidOf } from '../../../src/node/prediction/model-report.ts';
import { Bench } from '../bench.ts';

const samples = (off = 0): SaidOfModel['samples'] =>
  Array.from({ length: 8 }, (_, i) => ({ hash: i, mean: 10 + i + off, scale: 1 }));
const said = (scaledError: number | null, off = 0): SaidOfModel => ({
  scaledError,
  models: 'm',
  samples: samples(off),
});

function report(model: SaidOfModel | null): Uint8Array {
  return encodeReport({
    loopLagMs: 0,
    syncMs: 0,
    memoryUsed: 0,
    diskFree: 1,
    applied: 0,
    revision: 1,
    facts: null,
    replicas: [],
    links: [],
    integrity: null,
    model,
  });
}

test('what a replica says of its predictions comes through, also that it predicts nonsense', (t) => {
  const own = said(0.5);
  t.deepEqual(saidOf(JSON.parse(JSON.stringify(saidJson(own)))), own);
  const mad = { ...own, samples: [{ hash: 1, mean: Number.NaN, scale: 1 }] };
  t.deepEqual(saidOf(JSON.parse(JSON.stringify(saidJson(mad)))), mad);
  t.is(saidOf('nonsense'), null);
  t.is(saidOf([{}, 'm']), null);
});

test('the replica that errs loses score with its leader, and its status says why', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c']);
  await bench.start();
  bench.reports.set('a', report(said(0.5)));
  bench.reports.set('c', report(said(4)));
  await bench.lead();
  await bench.run(1500, () => {
    bench.answer();
    return false;
  });
  const [well, ill] = ['a', 'c'].map((id) => bench.node.member(nodeId(id)));
  t.is(well!.measurements.divergence, 0);
  t.is(ill!.measurements.divergence, 1);
  t.true(ill!.score.value < well!.score.value);
  t.like(
    ill!.score.terms.find(({ name }) => name === 'divergence'),
    { value: 0, explanation: "error 4.00 of last value's, the others' 0.50; its state is the others'" },
  );
  t.is(bench.node.weigh(nodeId('c'))?.status.modelDivergence, 1);
  t.deepEqual(bench.node.inspect().raft.succession[0], 'a');
  t.is(bench.node.modelsOf(nodeId('c')), 'm', 'which model each one has is known of all');
  t.is(bench.node.modelsOf(nodeId('b')), '', 'this one predicts nothing');
});

test('a follower holds it against its leader when they predict otherwise from the same input and the leader errs', (t) => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs } as ConstructorParameters<typeof ModelComparison>[0]['clock'];
  const of = (own: SaidOfModel | null) =>
    new ModelComparison({
      self: nodeId('b'),
      clock,
      own: () => own,
      others: () => [],
      ownTrouble: () => null,
    });
  const context = (leader: SaidOfModel): Uint8Array => Buffer.from(JSON.stringify(of(leader).leaderRows()));
  const follower = of(said(0.5));
  const says = (leader: SaidOfModel): string | null | undefined => {
    nowMs += 1000;
    return follower.leaderSays(nodeId('a'), context(leader));
  };
  t.is(says(said(0.55)), null);
  t.regex(says(said(4)) ?? '', /^its predictions diverge: error 4.00/);
  t.is(follower.leaderSays(nodeId('a'), context(said(4))), undefined, 'not at every heartbeat');
  t.is(says(said(0.5, 9)), null, 'of two nobody can say who is wrong by that alone');
  nowMs += 1000;
  t.is(follower.leaderSays(nodeId('a'), Buffer.from('[["at",1,1,1,1]]')), null);
  nowMs += 1000;
  t.is(follower.leaderSays(nodeId('a'), Buffer.from('"model"]')), null);
});
