import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { driven } from '../../../src/prediction/candidates/driven.ts';
import type { History } from '../../../src/prediction/forecast.ts';
import { columnInputs } from '../../../src/prediction/inputs/columns.ts';
import { driversOf } from '../../../src/prediction/inputs/drivers.ts';
import { onlineCandidates } from '../../../src/prediction/online/online-candidates.ts';
import { backtest } from '../../../src/prediction/selection/backtest.ts';
import { until } from '../../../src/prediction/selection/roll.ts';
import { autoregressive, historyOf, normal } from '../processes.ts';

const noProfile = { kind: 'numeric', seasons: [], levelSince: 0 } as const;
const lag = 5;

/** Bursts of load, and a value that follows them `lag` steps later. */
function followed(
  random: Random,
  length: number,
): { readonly load: Float64Array; readonly value: Float64Array } {
  const load = autoregressive(random, length, 0.7, 100).map((x) => x * 3);
  const value = load.map((_, i) => 20 + 0.5 * load[Math.max(0, i - lag)]! + 0.3 * normal(random));
  return { load, value };
}

function withInputs(values: Float64Array, columns: readonly Float64Array[]): History {
  return { ...historyOf(values, 1000), inputs: columnInputs(columns) };
}

const noise = (random: Random, length: number, count: number): Float64Array[] =>
  Array.from({ length: count }, () => autoregressive(random, length, random.next()));

async function judged(history: History, from: number): Promise<Map<string, number>> {
  const origins = Array.from({ length: 40 }, (_, i) => from + 5 * i);
  const { rows } = await backtest(history, {
    candidates: [...onlineCandidates, driven],
    horizon: 4,
    at: origins,
  });
  return new Map(rows.map(({ model, relMae }) => [model, relMae]));
}

test('what a series follows is found among much that it does not, with its lag', (t) => {
  const random = seededRandom('found');
  const { load, value } = followed(random, 400);
  const others = noise(random, 400, 40);
  const [first, ...rest] = driversOf(withInputs(value, [...others, load]), 3);
  t.is(first?.input, 40);
  t.is(first?.lag, lag);
  t.deepEqual(rest, []);
});

test('inputs that are noise are not taken for what a series follows', (t) => {
  const random = seededRandom('noise');
  let wrong = 0;
  for (let run = 0; run < 40; run++) {
    const values = autoregressive(random, 300, random.next());
    wrong += driversOf(withInputs(values, noise(random, 300, 20)), 3).length;
  }
  t.true(wrong <= 1, `${wrong} of 800`);
});

test('two inputs that say the same are one', (t) => {
  const random = seededRandom('twins');
  const { load, value } = followed(random, 400);
  const found = driversOf(withInputs(value, [load.map((x) => 7 * x + 1), load]), 3);
  t.is(found.length, 1);
});

test('a value that follows a rate with a lag is forecast by it, far better than without', async (t) => {
  const random = seededRandom('followed');
  const { load, value } = followed(random, 600);
  const columns = [...noise(random, 600, 6), load];
  const with_ = await judged(withInputs(value, columns), 380);
  const without = await judged(historyOf(value, 1000), 380);
  t.true(
    with_.get('selected')! < 0.35 * without.get('selected')!,
    `${with_.get('selected')} of ${without.get('selected')}`,
  );
});

test('where inputs are noise the selection does as well as without them', async (t) => {
  const random = seededRandom('useless');
  const values = autoregressive(random, 600, 0.8, 50);
  const with_ = await judged(withInputs(values, noise(random, 600, 10)), 380);
  const without = await judged(historyOf(values, 1000), 380);
  t.true(with_.get('selected')! < 1.02 * without.get('selected')!);
});

test('what comes after the end of a history changes nothing', (t) => {
  const random = seededRandom('future');
  const { load, value } = followed(random, 400);
  const end = 350;
  const forecast = (columns: readonly Float64Array[]): Float64Array => {
    const past = until(withInputs(value, columns), end);
    return driven.fit(past, noProfile, 8)!(past);
  };
  const changed = load.map((x, i) => (i < end ? x : 1e6));
  t.deepEqual(forecast([changed]), forecast([load]));
});

test('an input that ended says nothing, and what is not known in between is no hindrance', (t) => {
  const random = seededRandom('gaps');
  const { load, value } = followed(random, 400);
  const gappy = load.map((x, i) => (i % 9 === 0 ? Number.NaN : x));
  const past = withInputs(value, [gappy.subarray(0, 395)]);
  t.is(driversOf(past, 3).length, 1);
  const ended = gappy.map((x, i) => (i < 397 ? x : Number.NaN));
  const history = withInputs(value, [ended]);
  t.true(driven.fit(history, noProfile, 4)!(history).every(Number.isNaN));
});
