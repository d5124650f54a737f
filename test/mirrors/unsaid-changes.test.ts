import test from 'ava';
import { mirrorsPolicy } from '../../src/cli/bench/mirrors/mirrors-policy.ts';
import { fixedInterval, tuned } from '../../src/cli/bench/mirrors/policies.ts';
import { freshnessOf, readTimes } from '../../src/cli/bench/mirrors/simulated-origin.ts';
import { gaussian, seededRandom } from '../../src/foundation/random.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

test('a job of the evening that leaves out days is foreseen though nobody says when it changed, by looks most of a day apart', (t) => {
  const random = seededRandom('evenings');
  const changesMs = Array.from({ length: 130 }, (_, i) => i)
    .filter((i) => i % 7 < 5 && random.chance(0.95))
    .map((i) => i * day + 21.5 * 60 * minute + Math.abs(gaussian(random)) * 10 * minute);
  const history = {
    name: 'evenings',
    source: 'generated' as const,
    changesMs,
    fromMs: changesMs[0]!,
    untilMs: changesMs.at(-1)!,
  };
  const reads = readTimes(history, 20, 1);
  const spanMs = history.untilMs - history.fromMs;
  const fromMs = history.fromMs + spanMs / 2;
  const terms = { callsPerMs: (2 * changesMs.length) / spanMs, burst: 10, told: false, waitingReads: 0.1 };
  const looks = mirrorsPolicy([{ history, reads }], terms).get('evenings') ?? [];
  const mirrors = freshnessOf(history, looks, reads, fromMs);
  const every = tuned((everyMs) => fixedInterval(history, everyMs), mirrors.calls, fromMs, spanMs);
  const interval = freshnessOf(history, every, reads, fromMs);
  t.true(mirrors.staleReads < 0.5 * interval.staleReads, `${mirrors.staleReads} of ${interval.staleReads}`);
});
