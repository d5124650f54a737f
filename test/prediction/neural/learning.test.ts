import test, { type ExecutionContext } from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import type { Profile } from '../../../src/prediction/forecast.ts';
import { optionsForSet } from '../../../src/prediction/neural/adapt.ts';
import { gruCandidate } from '../../../src/prediction/neural/candidate.ts';
import { networkSize } from '../../../src/prediction/neural/features/window.ts';
import { openForecaster } from '../../../src/prediction/neural/forecaster.ts';
import { adapt, evaluate } from '../../../src/prediction/neural/learning.ts';
import type { Model } from '../../../src/prediction/neural/model.ts';
import { initialWeights } from '../../../src/prediction/neural/network.ts';
import { startWorker } from '../../../src/prediction/worker/host.ts';

const size = networkSize(6, 8);
const model: Model = {
  name: 'small',
  version: 1,
  size,
  weights: initialWeights(size, seededRandom('small')),
  statistics: { seed: 'small', from: null, steps: 0, series: 0, values: 0, heldOut: null },
};
const profile: Profile = { kind: 'numeric', seasons: [20], levelSince: 0 };
const start = (t: ExecutionContext) => {
  const worker = startWorker({
    schedule: (delayMs, act) => {
      const timer = setTimeout(act, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    callTimeoutMs: 60_000,
  });
  t.teardown(() => worker.close());
  return worker;
};

/** Waves of one period whose height changes from one to the next. */
const wave = (length: number, shift: number): Float64Array =>
  Float64Array.from(
    { length },
    (_, i) => 10 + Math.sin((2 * Math.PI * (i + shift)) / 20) * (1 + 0.3 * Math.sin(i / 37)),
  );
const history = (values: Float64Array) => ({ values, stepMs: 1_000, endMs: 0 });

test('the candidate answers for every history what the graph says, in its order', async (t) => {
  const worker = start(t);
  const candidate = gruCandidate(worker, [model]);
  t.is(candidate.name, 'gru');
  const series = Array.from({ length: 150 }, (_, index) => wave(100 + index, index));
  const forecasts = await candidate.forecast(series.map(history), profile, 7);
  t.is(forecasts.length, 150);
  const direct = await openForecaster(size);
  for (const index of [0, 63, 64, 127, 128, 149]) {
    const [expected] = await direct.forecast(
      model.weights,
      [{ values: series[index]!, seasons: profile.seasons }],
      7,
    );
    for (const [step, value] of forecasts[index]!.entries())
      t.true(Math.abs(value - expected![step]!) < 1e-4, `${index}, ${step}`);
  }
  await direct.close();
});

test('constants stay, huge values stay finite, several models are averaged', async (t) => {
  const worker = start(t);
  const other = { ...model, weights: initialWeights(size, seededRandom('other')) };
  const [one, two, both] = [[model], [other], [model, other]].map((models) => gruCandidate(worker, models));
  const constant = history(new Float64Array(30).fill(4.2));
  const huge = history(Float64Array.from({ length: 60 }, (_, i) => (i % 3) * 1e300));
  const wavy = history(wave(90, 3));
  const [still, far] = await one!.forecast([constant, huge], profile, 5);
  t.deepEqual([...still!], [4.2, 4.2, 4.2, 4.2, 4.2]);
  t.true(far!.every(Number.isFinite));
  const [a, b, mean] = await Promise.all(
    [one, two, both].map(async (candidate) => (await candidate!.forecast([wavy], profile, 3))[0]!),
  );
  for (const step of [0, 1, 2]) t.true(Math.abs(mean![step]! - (a![step]! + b![step]!) / 2) < 1e-9);
});

test('adapting to series makes held-out ends of them better, and the same seed gives the same weights', async (t) => {
  const worker = start(t);
  const whole = Array.from({ length: 6 }, (_, index) => ({ values: wave(400, 7 * index), seasons: [20] }));
  const past = whole.map(({ values, seasons }) => ({ values: values.slice(0, 320), seasons }));
  const options = { steps: 60, windows: 16, targets: 4, horizons: [10], rate: 5e-3, seed: 'once' };
  const adapted = await adapt(worker, model, past, options);
  const [before, after] = [
    await evaluate(worker, model, whole, { horizon: 10, heldOut: 80, every: 5 }),
    await evaluate(worker, adapted, whole, { horizon: 10, heldOut: 80, every: 5 }),
  ];
  t.is(before.series, 6);
  t.true(after.relative < 0.8 * before.relative, `${before.relative} → ${after.relative}`);
  t.like(adapted, { version: 2, statistics: { from: 'small 1', steps: 60, series: 6, values: 1_920 } });
  t.deepEqual((await adapt(worker, model, past, options)).weights, adapted.weights);
  t.notDeepEqual((await adapt(worker, model, past, { ...options, seed: 'twice' })).weights, adapted.weights);
});

test('forecasts are served while a training is under way', async (t) => {
  const worker = start(t);
  const ended: string[] = [];
  const past = [{ values: wave(400, 0), seasons: [20] }];
  const training = adapt(worker, model, past, {
    steps: 40,
    windows: 8,
    targets: 4,
    horizons: [10],
    share: 0.5,
  });
  const trained = training.then(() => ended.push('training'));
  await gruCandidate(worker, [model]).forecast([history(wave(90, 0))], profile, 3);
  ended.push('forecast');
  await trained;
  t.deepEqual(ended, ['forecast', 'training']);
});

test('closing in the middle of work leaves the process unharmed', async (t) => {
  const past = [{ values: wave(400, 0), seasons: [20] }];
  for (let round = 0; round < 8; round++) {
    const worker = start(t);
    const training = adapt(worker, model, past, { steps: 100_000, windows: 8, targets: 4 });
    const candidate = gruCandidate(worker, [model]);
    // Now before ONNX Runtime is loaded, now while a graph is compiled, now while it runs.
    if (round >= 2) await candidate.forecast([history(wave(90, 0))], profile, 3);
    for (let more = 4; more < round; more++) await candidate.forecast([history(wave(90, 0))], profile, 3);
    const closed = worker.close();
    t.like(await t.throwsAsync(training), { code: 'closed' });
    await closed;
  }
});

test('nothing to learn from is refused', async (t) => {
  const worker = start(t);
  const short = { values: wave(30, 0), seasons: [] };
  const flat = { values: new Float64Array(500).fill(3), seasons: [] };
  const broken = { values: wave(500, 0).fill(Number.NaN, 100, 110), seasons: [] };
  for (const series of [[], [short], [flat], [broken]])
    t.like(await t.throwsAsync(adapt(worker, model, series, { steps: 1 })), { code: 'invalid-argument' });
  // One value changes, and it is never before an origin.
  const late = { values: new Float64Array(500).fill(3).fill(4, 499), seasons: [] };
  const never = await t.throwsAsync(adapt(worker, model, [late], { steps: 1, horizons: [1] }));
  t.like(never, { code: 'invalid-argument' });
  // What cannot be learnt from is left out of what can.
  const good = { values: wave(300, 0), seasons: [20] };
  const small = { steps: 2, windows: 4, targets: 2 };
  const mixed = await adapt(worker, model, [short, broken, good], small);
  t.deepEqual(mixed.weights, (await adapt(worker, model, [good], small)).weights);
  t.is(worker.faults, 0);
});

test('options for a set: its horizon, windows of two long seasons', (t) => {
  const hourly = Array.from({ length: 3 }, (_, index) => ({
    values: wave(700 + index, 0),
    seasons: [24, 168],
  }));
  t.like(optionsForSet(hourly, 48), { horizons: [48], forgetSeasons: 0, shortest: 336 });
  t.like(optionsForSet([{ values: wave(200, 0), seasons: [24, 168] }], 12), { shortest: 48 });
  t.like(optionsForSet([{ values: wave(200, 0), seasons: [40] }], 12), { shortest: 80 });
});
