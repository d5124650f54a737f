import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { networkSize } from '../../../src/prediction/neural/features/window.ts';
import { initialWeights } from '../../../src/prediction/neural/network.ts';
import { sampler, samplerDefaults } from '../../../src/prediction/neural/sampler.ts';
import { openTrainer } from '../../../src/prediction/neural/trainer.ts';
import { compile } from '../../../src/prediction/onnx/computation.ts';
import { Graph } from '../../../src/prediction/onnx/graph.ts';
import { KeptComputations } from '../../../src/prediction/onnx/kept-computations.ts';

/** Kept computations whose time is `elapse`, and whose compiling is counted. */
function kept(real = false) {
  const compiled: string[] = [];
  const closed: string[] = [];
  let fault: Error | null = null;
  let timers: { readonly atMs: number; readonly act: () => void }[] = [];
  let nowMs = 0;
  const all = new KeptComputations({
    idleMs: 1_000,
    mostIdle: 2,
    compile: async (graph) => {
      compiled.push(graph.name);
      if (fault !== null) throw fault;
      const computation = real ? await compile(graph) : { run: async () => ({}), close: async () => {} };
      return {
        run: (inputs) => computation.run(inputs),
        close: async () => {
          closed.push(graph.name);
          await computation.close();
        },
      };
    },
    schedule: (delayMs, act) => {
      const timer = { atMs: nowMs + delayMs, act };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((each) => each !== timer);
        },
      };
    },
  });
  return {
    all,
    compiled,
    closed,
    fails: (error: Error | null) => {
      fault = error;
    },
    use: (name: string) => all.use(name, () => new Graph(name)),
    elapse: async (ms: number) => {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { act } of due) act();
      await new Promise((resolve) => setImmediate(resolve));
    },
    pending: () => timers.length,
  };
}

test('trainings of one shape share one compiled step, and each ends bit for bit as with a step of its own', async (t) => {
  const size = networkSize(6, 8);
  const start = initialWeights(size, seededRandom('start'));
  const train = async (steps: KeptComputations, seed: string): Promise<Float32Array> => {
    const random = seededRandom(seed);
    const values = Float64Array.from({ length: 300 }, (_, i) => Math.sin(i / 3) + random.next());
    const options = { ...samplerDefaults, windows: 4, targets: 2 };
    const draw = sampler(size, [{ values, seasons: [] }], options, random);
    const trainer = await openTrainer(size, start, 4, 2, steps);
    for (let step = 0; step < 8; step++) await trainer.step(draw(), 1e-2);
    const weights = trainer.weights();
    await trainer.close();
    return weights;
  };
  const { all, compiled, closed, elapse } = kept(true);
  const seeds = ['one', 'two', 'three'];
  for (const seed of seeds)
    t.deepEqual(await train(all, seed), await train(kept(true).all, seed), `${seed}, one after the other`);
  const together = await Promise.all(seeds.map((seed) => train(all, seed)));
  for (const [index, seed] of seeds.entries())
    t.deepEqual(together[index], await train(kept(true).all, seed), `${seed}, at once`);
  t.deepEqual(compiled, ['gru-training-step']);
  await elapse(1_000);
  t.deepEqual(closed, ['gru-training-step']);
});

test('what nobody uses is let go after a while, and no sooner', async (t) => {
  const { use, compiled, closed, elapse, pending } = kept();
  const one = await use('a');
  const two = await use('a');
  await one.close();
  await one.close();
  await elapse(5_000);
  t.deepEqual(closed, [], 'the other one still has it');
  await two.close();
  await elapse(999);
  const again = await use('a');
  t.deepEqual([compiled, pending()], [['a'], 0]);
  await elapse(5_000);
  await again.close();
  await elapse(1_000);
  t.deepEqual([closed, pending()], [['a'], 0]);
  await (await use('a')).close();
  t.deepEqual(compiled, ['a', 'a']);
});

test('of many shapes the two used last are kept', async (t) => {
  const { use, closed, pending } = kept();
  for (const name of ['a', 'b', 'a', 'c', 'd']) await (await use(name)).close();
  t.deepEqual([closed, pending()], [['b', 'a'], 2]);
});

test('one that could not be compiled is tried again', async (t) => {
  const { use, fails, compiled } = kept();
  fails(new Error('no memory'));
  const refused = await Promise.allSettled([use('a'), use('a')]);
  t.deepEqual(
    refused.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  fails(null);
  await (await use('a')).close();
  t.deepEqual(compiled, ['a', 'a']);
});
