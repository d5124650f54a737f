import test from 'ava';
import fc from 'fast-check';
import type { Breach } from '../../../src/failover/before-death/predict-breach.ts';
import { SignalWatch } from '../../../src/failover/before-death/signal-watch.ts';
import {
  defaultBeforeDeath,
  lookEveryMs,
  readingsOf,
  type SignalName,
} from '../../../src/failover/before-death/signals.ts';
import { seededRandom } from '../../../src/foundation/random.ts';

interface First {
  /** Looks until the first breach. */
  readonly at: number;
  readonly breach: Breach;
}

/** The first breach foretold while the readings come in; null: none was. */
function first(
  name: SignalName,
  readings: readonly (number | null)[],
  floorAt: (i: number) => number | null = () => null,
): First | null {
  const watch = new SignalWatch(name, defaultBeforeDeath);
  for (const [i, reading] of readings.entries()) {
    watch.add(reading, floorAt(i));
    if (watch.breach !== null) return { at: i, breach: watch.breach };
  }
  return null;
}

const looks = (n: number, of: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => of(i));
const normal = (seed: number): (() => number) => {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
};
const { signals } = defaultBeforeDeath;
const perHour = 3_600_000 / lookEveryMs;

for (const [name, seconds] of [
  ['memory', 20],
  ['memory', 60],
  ['memory', 120],
  ['disk', 20],
  ['disk', 60],
  ['sync', 20],
  ['sync', 60],
  ['loop', 20],
  ['loop', 60],
] as const)
  test(`${name} that rises to its limit in ${seconds} s is foretold before, and not long before`, (t) => {
    const { limit } = signals[name];
    const from = 0.1 * limit;
    const n = (seconds * 1000) / lookEveryMs;
    let late = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const noise = normal(seed);
      const ramp = looks(n, (i) => Math.max(0, from + ((limit - from) * i) / n + 0.02 * limit * noise()));
      const quiet = looks(40, () => Math.max(0, from + 0.02 * limit * noise()));
      const found = first(name, [...quiet, ...ramp]);
      t.truthy(found, `seed ${seed}`);
      const leftMs = (40 + n - found!.at) * lookEveryMs;
      t.true(leftMs > 0, `seed ${seed}: ${leftMs} ms before`);
      if (leftMs < 2000) late++;
      t.true(leftMs <= defaultBeforeDeath.horizonMs * 1.5, `seed ${seed}: ${leftMs} ms before`);
      t.true(
        Math.abs(found!.breach.inMs - leftMs) <= 0.5 * leftMs + 8000,
        `${found!.breach.inMs}: ${leftMs}`,
      );
    }
    // Noise may hide a slow rise for a while.
    t.true(late <= 1, `${late} of 20 are foretold within the last two seconds`);
  });

const ordinary: Readonly<Record<string, (i: number, noise: () => number) => number>> = {
  'noise in the zone': (_, noise) => 0.5 + 0.1 * noise(),
  'heavy tails': (_, noise) => Math.abs(0.15 * noise() ** 3),
  'steps up and down': (i, noise) => (Math.floor(i / 45) % 2 === 0 ? 0.1 : 0.7) + 0.03 * noise(),
  'a load that changes with the day, fast': (i, noise) =>
    0.4 + 0.3 * Math.sin((2 * Math.PI * i) / 1200) + 0.04 * noise(),
  bursts: (i, noise) => (i % 97 < 6 ? 0.8 : 0.15) + 0.03 * noise(),
  'a smoothed measurement': (() => {
    let smoothed = 0.5;
    return (_, noise) => {
      smoothed += (0.5 + 0.3 * noise() - smoothed) / 6;
      return smoothed;
    };
  })(),
};
for (const [what, shape] of Object.entries(ordinary))
  test(`an hour of ${what} foretells nothing`, (t) => {
    const name = 'sync';
    for (let seed = 1; seed <= 2; seed++) {
      const noise = normal(seed);
      const readings = looks(
        perHour,
        (i) => Math.min(0.95, Math.max(0, shape(i, noise))) * signals[name].limit,
      );
      t.is(first(name, readings), null, `seed ${seed}`);
    }
  });

test('garbage that piles up between collections foretells nothing, and a leak below it does', (t) => {
  // 40 % to 75 % of the limit in 30 s, again and again.
  const saw = looks(perHour / 4, (i) => 0.4 + (0.35 * (i % 60)) / 60);
  t.is(
    first('memory', saw, () => 0.4),
    null,
  );
  const leak = looks(300, (i) => Math.min(1, 0.3 + i * 0.002 + (0.06 * (i % 12)) / 12));
  const found = first('memory', leak, (i) => 0.3 + (i - (i % 12)) * 0.002);
  t.truthy(found);
  t.true(found!.at < 300 * 0.95);
});

test('what lies beyond its limit is a breach now', (t) => {
  const found = first('sync', [...looks(20, () => 3), ...looks(20, () => 400)]);
  t.like(found?.breach, { inMs: 0, confidence: 1, limit: signals.sync.limit });
});

test('without readings nothing is known, and what was long ago is forgotten', (t) => {
  const watch = new SignalWatch('sync', defaultBeforeDeath);
  t.is(watch.sign, null);
  for (let i = 0; i < 60; i++) watch.add(20 + 2.5 * i);
  t.truthy(watch.breach);
  for (let i = 0; i < 9; i++) watch.add(null);
  t.truthy(watch.sign);
  watch.add(null);
  t.is(watch.sign, null);
  t.is(watch.breach, null);
});

test('whatever comes, a breach has a confidence as wanted and is not further than the horizon', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 300, noNaN: true }), { freq: 20 }), { maxLength: 90 }),
      (readings) => {
        const found = first('sync', readings);
        const { confidence, inMs } = found?.breach ?? { confidence: 1, inMs: 0 };
        t.true(confidence >= defaultBeforeDeath.confidence);
        t.true(inMs >= 0 && inMs <= defaultBeforeDeath.horizonMs);
      },
    ),
  );
});

test('the disk is measured by what lies above the reserve, and what is not known stays unknown', (t) => {
  const disk = (free: number): number | null =>
    readingsOf(
      { memoryUsedBytes: null, memoryLimitBytes: 100, diskFreeBytes: free, diskBytes: 1100 },
      100,
      null,
      null,
    ).disk;
  t.deepEqual([1100, 600, 100, 50].map(disk), [0, 0.5, 1, 1]);
  t.deepEqual(readingsOf(null, 100, null, 3), { memory: null, disk: null, sync: null, loop: 3 });
});
