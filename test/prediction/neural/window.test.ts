import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../../src/foundation/random.ts';
import { seasonsOf, tailLength } from '../../../src/prediction/neural/features/seasons.ts';
import { runningSums } from '../../../src/prediction/neural/features/tail.ts';
import { emptyBatch, networkSize, writeWindow } from '../../../src/prediction/neural/features/window.ts';
import type { Batch } from '../../../src/prediction/neural/network.ts';
import { generateSeries } from '../../../src/prediction/training/generate.ts';

const size = networkSize(4, 4);
const ahead = [1, 2, 5, 12, 30];

function windowOf(values: Float64Array, end: number, found: readonly number[]): Batch & { scale: number } {
  const batch = emptyBatch(size, 1, ahead.length);
  const seasons = seasonsOf(found, end);
  const { scale } = writeWindow(
    size,
    batch,
    0,
    { values, sums: runningSums(values), end },
    seasons,
    ahead,
    30,
  );
  return { ...batch, scale };
}

const seed = fc.integer({ min: 0, max: 1_000_000 });
const parts = ['recent', 'facts', 'references'] as const;

test('a window sees nothing of the future', (t) => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 24, max: 290 }), (from, end) => {
      const random = seededRandom(from);
      const { values, seasons } = generateSeries(random);
      const changed = values.map((value, index) => (index < end ? value : 1e6 * random.next()));
      const [one, other] = [windowOf(values, end, seasons), windowOf(changed, end, seasons)];
      for (const part of parts) t.deepEqual(one[part], other[part]);
    }),
    { numRuns: 60 },
  );
});

test('what lies before the tail changes nothing', (t) => {
  fc.assert(
    fc.property(seed, (from) => {
      const { values, seasons } = generateSeries(seededRandom(from));
      const end = values.length;
      const tail = values.slice(-tailLength(seasonsOf(seasons, end)));
      const [whole, cut] = [windowOf(values, end, seasons), windowOf(tail, tail.length, seasons)];
      // The two numbers of a running sum hold 32 digits.
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      fc.pre(whole.scale === 0 || largest < 1e26 * whole.scale);
      for (const part of parts)
        for (const [index, value] of whole[part].entries())
          t.true(
            Math.abs(value - cut[part][index]!) < 1e-3,
            `${part}[${index}]: ${value} ${cut[part][index]}`,
          );
    }),
    { numRuns: 60 },
  );
});

test('the unit of a series is of no account', (t) => {
  fc.assert(
    fc.property(seed, fc.integer({ min: -9, max: 9 }), (from, power) => {
      const { values, seasons } = generateSeries(seededRandom(from));
      const factor = 2 ** power;
      const end = values.length;
      const [one, other] = [
        windowOf(values, end, seasons),
        windowOf(
          values.map((value) => value * factor),
          end,
          seasons,
        ),
      ];
      t.is(other.scale, one.scale * factor);
      for (const part of parts) t.deepEqual(one[part], other[part]);
    }),
    { numRuns: 40 },
  );
});

test('all inputs are finite and bounded, whatever the values', (t) => {
  const value = fc.oneof(
    fc.constant(0),
    fc.double({ min: -1e30, max: 1e30, noNaN: true }),
    fc.integer({ min: 0, max: 3 }),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 2, maxLength: 120 }),
      fc.integer({ min: 2, max: 40 }),
      (list, season) => {
        const batch = windowOf(Float64Array.from(list), list.length, [season]);
        for (const part of parts)
          t.true(batch[part].every((each) => Number.isFinite(each) && Math.abs(each) < 200));
      },
    ),
    { numRuns: 200 },
  );
});

test('a constant has no scale', (t) => {
  t.is(windowOf(new Float64Array(100).fill(7), 100, []).scale, 0);
  t.is(windowOf(new Float64Array(100).fill(0.1 + 0.2), 100, [24]).scale, 0);
});

test('seasons count where two of them are known', (t) => {
  t.deepEqual(seasonsOf([], 1_000), { short: 0, long: 0 });
  t.deepEqual(seasonsOf([24], 47), { short: 0, long: 0 });
  t.deepEqual(seasonsOf([24], 48), { short: 24, long: 0 });
  t.deepEqual(seasonsOf([24], 336), { short: 24, long: 168 });
  t.deepEqual(seasonsOf([168, 24], 500), { short: 24, long: 168 });
  t.deepEqual(seasonsOf([1, 0, Number.NaN], 500), { short: 0, long: 0 });
});
