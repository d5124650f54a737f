import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { gammaShare } from '../../../src/prediction/math/gamma.ts';
import { nextChange as ofSeen } from '../../../src/prediction/occurrence/next-change.ts';
import { normal } from '../processes.ts';

const HOUR = 3_600_000;

/** Changes known to the moment. */
const nextChange = (timesMs: ArrayLike<number>, nowMs: number): ReturnType<typeof ofSeen> =>
  ofSeen(
    Array.from(timesMs, (time) => [time, time] as const),
    nowMs,
  );

/** Times of changes whose intervals are drawn one by one from the moment of the last. */
function changes(count: number, interval: (nowMs: number) => number): Float64Array {
  let now = 0;
  return new Float64Array(count).map(() => {
    now += interval(now);
    return now;
  });
}

const exponential = (random: Random, meanMs: number): number => -Math.log(1 - random.next()) * meanMs;

/** What was said on average and what happened, over many moments after the training part. */
function tried(
  times: Float64Array,
  hMs: number,
  from: number,
  waitMs: number,
): { said: number; happened: number; brier: number } {
  let said = 0;
  let happened = 0;
  let brier = 0;
  let n = 0;
  for (let known = from; known < times.length; known += 3) {
    const now = (times[known - 1] ?? 0) + waitMs;
    const next = times[known] ?? 0;
    if (next <= now) continue;
    const p = nextChange(times.subarray(0, known), now)?.within(hMs) ?? Number.NaN;
    const outcome = next <= now + hMs ? 1 : 0;
    said += p;
    happened += outcome;
    brier += (p - outcome) ** 2;
    n++;
  }
  return { said: said / n, happened: happened / n, brier: brier / n };
}

test('a probability: 0 at once, rising, at most 1; the quantile is its inverse', (t) => {
  const random = seededRandom('monotone');
  const times = changes(120, () => exponential(random, 60_000));
  const next = nextChange(times, (times[119] ?? 0) + 10_000);
  if (next === null) return t.fail();
  let before = 0;
  for (let h = 0; h < 1_000_000; h += 7000) {
    const p = next.within(h);
    t.true(p >= before - 1e-12 && p <= 1);
    before = p;
  }
  t.is(next.within(0), 0);
  t.true(Math.abs(next.within(next.quantile(0.5)) - 0.5) < 0.05);
});

test('changes without memory: what is said happens as often', (t) => {
  const random = seededRandom('poisson');
  const times = changes(900, () => exponential(random, 60_000));
  for (const hMs of [15_000, 60_000, 150_000]) {
    const { said, happened } = tried(times, hMs, 200, 0);
    t.true(Math.abs(said - happened) < 0.07, `${hMs}: ${said} ${happened}`);
  }
});

test('clockwork is known nearly to the moment', (t) => {
  const random = seededRandom('clock');
  const times = changes(300, () => 60_000 + 1000 * normal(random));
  const early = tried(times, 45_000, 60, 0);
  const late = tried(times, 66_000, 60, 0);
  t.true(early.said < 0.12 && late.said > 0.88, `${early.said} ${late.said}`);
  const waited = tried(times, 10_000, 60, 55_000);
  t.true(waited.said > 0.85, String(waited.said));
});

test('working hours are learned: soon by day, late by night', (t) => {
  const random = seededRandom('office');
  const busy = (ms: number): boolean => Math.floor(ms / HOUR) % 24 >= 8 && Math.floor(ms / HOUR) % 24 < 18;
  const times: number[] = [];
  for (let ms = 0; ms < 14 * 24 * HOUR; ms += 60_000)
    if (random.chance(busy(ms) ? 0.1 : 0.004)) times.push(ms);
  const at = (hour: number): number => {
    const now = 13 * 24 * HOUR + hour * HOUR;
    return (
      nextChange(
        times.filter((time) => time <= now),
        now,
      )?.within(30 * 60_000) ?? Number.NaN
    );
  };
  t.true(at(11) > 0.8, String(at(11)));
  t.true(at(2) < 0.45, String(at(2)));
});

test('too little to say is null, and unsorted or equal times do no harm', (t) => {
  t.is(nextChange([], 5), null);
  t.is(nextChange([1], 5), null);
  t.is(nextChange([3, 3, 3], 5), null);
  t.is(nextChange([7, 9], 5), null);
  const next = nextChange([3000, 1000, 2000, 2000], 3000);
  t.true((next?.within(1000) ?? 0) > 0.3);
});

test('the gamma distribution function agrees with known values', (t) => {
  t.true(Math.abs(gammaShare(1, 1) - (1 - Math.exp(-1))) < 1e-12);
  t.true(Math.abs(gammaShare(5, 5) - 0.5595067149347875) < 1e-10);
  t.true(Math.abs(gammaShare(0.5, 0.25) - 0.5204998778130465) < 1e-10);
  t.true(Math.abs(gammaShare(200, 200) - 0.509402) < 1e-4);
});
