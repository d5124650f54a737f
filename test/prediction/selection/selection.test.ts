import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { adaptiveLevel } from '../../../src/prediction/candidates/adaptive-level.ts';
import { autoregression } from '../../../src/prediction/candidates/autoregression.ts';
import { classicalCandidates } from '../../../src/prediction/candidates/index.ts';
import { lastValue } from '../../../src/prediction/candidates/last-value.ts';
import { seasonalMedian, seasonalNaive } from '../../../src/prediction/candidates/seasonal-naive.ts';
import { windowMean, windowMedian } from '../../../src/prediction/candidates/window.ts';
import type { Candidate, History } from '../../../src/prediction/forecast.ts';
import { backtest, lastFifth } from '../../../src/prediction/selection/backtest.ts';
import { until } from '../../../src/prediction/selection/roll.ts';
import { pastOfBacktest, selectBestModel } from '../../../src/prediction/selection/select-best-model.ts';
import { autoregressive, dayShape, historyOf, normal, randomWalk, seasonal } from '../processes.ts';

const few: readonly Candidate[] = [
  lastValue,
  seasonalNaive(0),
  seasonalMedian(0, 4),
  windowMean(48),
  windowMedian(12),
  windowMedian(48),
  adaptiveLevel(3),
  autoregression,
];

test('on a walk the last value is hard to beat, and is not lost against', async (t) => {
  const history = historyOf(randomWalk(seededRandom('walk'), 1000));
  const { rows } = await backtest(history, { candidates: few, horizon: 12, at: lastFifth(1000, 12) });
  t.true((rows.at(-1)?.relMae ?? 9) < 1.05);
});

test('on a season the selection uses it, on noise around a level a median', async (t) => {
  const season = historyOf(seasonal(seededRandom('season'), 1200, dayShape(24), 1));
  const a = await backtest(season, { candidates: few, horizon: 12, at: lastFifth(1200, 12) });
  t.true((a.rows.at(-1)?.relMae ?? 9) < 0.35);
  const noise = historyOf(autoregressive(seededRandom('noise'), 1200, 0, 20));
  const b = await backtest(noise, { candidates: few, horizon: 12, at: lastFifth(1200, 12) });
  t.true((b.rows.at(-1)?.relMae ?? 9) < 0.76);
});

test('intervals hold what they say on simulated series', async (t) => {
  for (const phi of [0, 0.8, 1]) {
    const history = historyOf(autoregressive(seededRandom(`phi ${phi}`), 2400, phi));
    const { rows } = await backtest(history, { candidates: few, horizon: 6, at: lastFifth(2400, 6) });
    const coverage = rows.at(-1)?.coverage ?? 0;
    t.true(coverage > 0.86 && coverage < 0.94, `${phi}: ${coverage}`);
  }
});

test('changing the future changes no forecast made before it', async (t) => {
  const values = autoregressive(seededRandom('future'), 700, 0.7, 30);
  const changed = values.map((value, i) => (i < 640 ? value : 1000 * value));
  const forecasts = await Promise.all(
    [values, changed].map(async (all) => {
      const past = until(historyOf(all), 500);
      const selected = await selectBestModel(past, { candidates: classicalCandidates, horizon: 12 });
      const given = [];
      for (let length = 500; length <= 640; length += 20)
        given.push(await selected.next(until(historyOf(all), length)));
      return given;
    }),
  );
  t.deepEqual(forecasts[0], forecasts[1]);
  // The same for every candidate, refitted at the last origin.
  for (const candidate of classicalCandidates) {
    const [a, b] = await Promise.all(
      [values, changed].map((all) =>
        candidate.forecast(
          [until(historyOf(all), 640)],
          { kind: 'numeric', seasons: [24], levelSince: 0 },
          12,
        ),
      ),
    );
    t.deepEqual(a, b, candidate.name);
  }
});

test('after a change of level the selection follows within a few steps', async (t) => {
  const random = seededRandom('broken');
  const values = new Float64Array(800).map((_, i) => (i < 600 ? 10 : 80) + normal(random));
  const selected = await selectBestModel(until(historyOf(values), 590), { candidates: few, horizon: 12 });
  for (let length = 591; length <= 606; length++) await selected.next(until(historyOf(values), length));
  t.true(
    Math.abs((selected.last?.mean[0] ?? 0) - 80) < 5,
    `${selected.last?.model} ${selected.last?.mean[0]}`,
  );
});

test('among equals the cheaper is named', async (t) => {
  const twin: Candidate = { ...lastValue, name: 'twin', costUs: 10_000 };
  const history = historyOf(randomWalk(seededRandom('twins'), 300));
  const selected = await selectBestModel(history, { candidates: [twin, lastValue], horizon: 4 });
  t.true((await selected.next(history)).model.startsWith('last-value'));
});

test('a constant is forecast as such, a counter goes on counting', async (t) => {
  const flat = historyOf(new Float64Array(200).fill(5));
  const constant = await (await selectBestModel(flat, { candidates: few, horizon: 3 })).next(flat);
  t.deepEqual([...constant.mean], [5, 5, 5]);
  t.is(constant.model, 'last-value');
  let total = 0;
  const random = seededRandom('count');
  const counter = historyOf(new Float64Array(400).map(() => (total += 10 + random.below(3))));
  const counted = await (await selectBestModel(counter, { candidates: few, horizon: 3 })).next(counter);
  t.true(Math.abs((counted.mean[2] ?? 0) - total - 33) < 4, [...counted.mean].join());
});

test('a candidate that fails is left out, and said', async (t) => {
  const faults: string[] = [];
  const broken: Candidate = {
    name: 'broken',
    costUs: 1,
    minimumLength: () => 1,
    forecast: () => Promise.reject(new Error('the worker died')),
  };
  const history = historyOf(randomWalk(seededRandom('fault'), 200));
  const selected = await selectBestModel(history, {
    candidates: [...few, broken],
    horizon: 3,
    onFault: (name) => faults.push(name),
  });
  const { mean, model } = await selected.next(history);
  t.true(mean.every(Number.isFinite));
  t.false(model.includes('broken'));
  t.true(faults.length > 0 && faults.every((name) => name === 'broken'));
});

test('a candidate that answers nonsense is kept within bounds', async (t) => {
  const wild: Candidate = {
    name: 'wild',
    costUs: 1,
    minimumLength: () => 1,
    forecast: (histories, _profile, horizon) =>
      histories.map((_, i) => new Float64Array(horizon).fill(i % 2 === 0 ? Number.NaN : 1e300)),
  };
  const history = historyOf(autoregressive(seededRandom('wild'), 300, 0.5, 10));
  const selected = await selectBestModel(history, { candidates: [wild, lastValue], horizon: 3 });
  const { mean, lower, upper } = await selected.next(history);
  for (const value of [...mean, ...lower, ...upper]) t.true(Math.abs(value) < 100, String(value));
});

test('the shortest series still get a forecast', async (t) => {
  for (const length of [1, 2, 5, 12]) {
    const history = historyOf(randomWalk(seededRandom(length), length));
    const selected = await selectBestModel(history, { candidates: classicalCandidates, horizon: 4 });
    const { mean, lower, upper } = await selected.next(history);
    t.true([...mean, ...lower, ...upper].every(Number.isFinite), String(length));
  }
});

test('narrowed to a few members it goes on with them', async (t) => {
  const history = historyOf(autoregressive(seededRandom('narrow'), 500, 0.8));
  const selected = await selectBestModel(until(history, 450), { candidates: few, horizon: 6, members: 3 });
  t.true(selected.wanted.length <= 3);
  for (let length = 451; length <= 500; length++)
    t.true((await selected.next(until(history, length))).mean.every(Number.isFinite));
});

test('a window that slides serves as well as a history that grows', async (t) => {
  const random = seededRandom('slide');
  const values = new Float64Array(900).map((_, i) => (i < 700 ? 10 : 500) + normal(random));
  const window = (end: number): History => ({
    values: values.subarray(end - 256, end),
    stepMs: 1000,
    endMs: end * 1000,
  });
  const selected = await selectBestModel(window(690), {
    candidates: few,
    horizon: 6,
    members: 4,
    refit: 1000,
  });
  for (let end = 691; end <= 720; end++) await selected.next(window(end));
  t.true(
    Math.abs((selected.last?.mean[0] ?? 0) - 500) < 5,
    `${selected.last?.model} ${selected.last?.mean[0]}`,
  );
});

test('the past of the backtest has nothing of what the selection judges by', async (t) => {
  const history = historyOf(randomWalk(seededRandom('past'), 1000));
  const options = { candidates: few, horizon: 12 };
  const origins: number[] = [];
  await selectBestModel(history, options, (origin) => origins.push(origin));
  const past = pastOfBacktest(history, options);
  t.is(past.values.length, Math.min(...origins));
  t.deepEqual(past.values, history.values.subarray(0, past.values.length));
});
