import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { OffsetWindow } from '../../../src/node/loop/offset-window.ts';

interface Weather {
  /** Pace of the clock that stamps, by that which measures. */
  readonly rate: number;
  readonly forMs: number;
  readonly everyMs: number;
  readonly delayMs: (atMs: number) => number;
}

/** What a window says after samples in order of their stamps, and what is true: at the newest stamp, of that sample, the largest of the last 10 s. */
function measured(random: Random, { rate, forMs, everyMs, delayMs }: Weather) {
  const window = new OffsetWindow();
  const samples: { readonly atMs: number; readonly offsetMs: number }[] = [];
  let trueMs = 0;
  let arrivedMs = 0;
  for (let atMs = 0; atMs <= forMs; atMs += everyMs * (0.5 + random.next())) {
    arrivedMs = Math.max(arrivedMs, atMs + delayMs(atMs));
    trueMs = (rate - 1) * atMs;
    const offsetMs = rate * atMs - arrivedMs;
    samples.push({ atMs: arrivedMs, offsetMs });
    window.measured(offsetMs, arrivedMs);
  }
  const kept = samples.filter(({ atMs }) => atMs >= arrivedMs - 10_000);
  return {
    estimateMs: window.offsetMs ?? Number.NaN,
    trueMs,
    newestMs: samples.at(-1)?.offsetMs ?? Number.NaN,
    largestMs: Math.max(...kept.map(({ offsetMs }) => offsetMs)),
  };
}

const spansMs = [50, 300, 1000, 4000, 12_000, 30_000];
const tinyMs = 1e-6;

test('a clock that falls behind steadily is followed without delay, a fast one too', (t) => {
  const random = seededRandom('steady');
  for (const rate of [0.5, 0.9, 0.999, 1, 1.1, 2])
    for (const forMs of spansMs)
      for (const everyMs of [1, 20, 300, 1000]) {
        const { estimateMs, trueMs } = measured(random, { rate, forMs, everyMs, delayMs: () => 0 });
        t.true(
          Math.abs(estimateMs - trueMs) < 1e-3,
          `${rate} for ${forMs} every ${everyMs}: ${estimateMs} for ${trueMs}`,
        );
      }
});

test('never below the newest sample, never above the largest', (t) => {
  const random = seededRandom('bounds');
  for (let i = 0; i < 2000; i++) {
    const spike = random.next() * 500;
    const { estimateMs, newestMs, largestMs } = measured(random, {
      rate: 0.4 + random.next(),
      forMs: random.pick(spansMs),
      everyMs: random.pick([10, 100, 1000]),
      delayMs: () => 10 * random.next() + (random.chance(0.05) ? spike : 0),
    });
    t.true(estimateMs >= newestMs - tinyMs && estimateMs <= largestMs + tinyMs);
  }
});

test('jitter is not mistaken for drift, under a slow clock neither', (t) => {
  const random = seededRandom('jitter');
  const jitterMs = 10;
  for (const rate of [0.5, 0.9, 1])
    for (let i = 0; i < 300; i++) {
      const forMs = random.pick(spansMs);
      const delayMs = () => jitterMs * random.next();
      const { estimateMs, trueMs } = measured(random, { rate, forMs, everyMs: 20, delayMs });
      t.true(estimateMs <= trueMs + jitterMs / 2, `${rate} for ${forMs}: ${estimateMs - trueMs} ms ahead`);
      t.true(
        estimateMs >= trueMs - jitterMs - tinyMs,
        `${rate} for ${forMs}: ${trueMs - estimateMs} ms behind`,
      );
    }
});

test('a burst of late samples is not followed for a second and more, nor does its end take the time forward', (t) => {
  const random = seededRandom('bursts');
  for (const rate of [0.5, 0.9, 1])
    for (const [fromMs, toMs] of [
      [11_000, 12_000],
      [5000, 6000],
      [10_500, 11_500],
    ] as const) {
      const delayMs = (atMs: number) => (atMs >= fromMs && atMs <= toMs ? 300 : random.next());
      const { estimateMs, trueMs } = measured(random, { rate, forMs: 12_000, everyMs: 20, delayMs });
      const offMs = estimateMs - trueMs;
      // The newest arrived 300 ms after its stamp, and the line is taken at its arrival.
      const fallenMs = toMs === 12_000 ? (1 - rate) * 300 : 0;
      t.true(offMs < 5 && offMs > -fallenMs - 5, `${rate}, late from ${fromMs}: ${offMs} ms off`);
    }
});

test('what is set counts, and after it what is measured; what is forgotten does not', (t) => {
  const window = new OffsetWindow();
  t.is(window.offsetMs, null);
  window.measured(900, 0);
  window.set(500, 10);
  t.is(window.offsetMs, 500);
  window.measured(510, 20);
  t.is(window.offsetMs, 510);
  window.forget();
  t.is(window.offsetMs, null);
  window.measured(-3, 30);
  t.is(window.offsetMs, -3);
});
