import test from 'ava';
import { mirrorsPolicy } from '../../src/cli/bench/mirrors/mirrors-policy.ts';
import {
  fixedInterval,
  readThrough,
  refreshAhead,
  staleWhileRevalidate,
  tuned,
} from '../../src/cli/bench/mirrors/policies.ts';
import { freshnessOf, readTimes } from '../../src/cli/bench/mirrors/simulated-origin.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { patienceMs } from '../../src/mirrors/forecast/patience.ts';
import { type DueLook, RefreshSchedule } from '../../src/mirrors/forecast/refresh-schedule.ts';
import { clockwork } from './clockwork.ts';

const minute = 60_000;

test('the patience: so long that no more reads wait than may', (t) => {
  for (const readsPerMs of [0.001, 0.01, 0.1])
    for (const waitingReads of [0.02, 0.1, 0.5]) {
      const sinceMs = 500;
      const patience = patienceMs({ sinceMs, readsPerMs, waitingReads });
      const comes = 1 - Math.exp(-readsPerMs * (patience ?? Number.POSITIVE_INFINITY));
      t.true(comes <= waitingReads * readsPerMs * sinceMs + 1e-9, `${readsPerMs} ${waitingReads}`);
    }
  const known = { sinceMs: 1000, readsPerMs: 0.05, waitingReads: 0.1 };
  t.is(patienceMs({ ...known, waitingReads: 0 }), 0);
  t.is(patienceMs({ ...known, readsPerMs: 0 }), null);
  // They come, or they only peek: then it is not left to them for ever.
  t.is(patienceMs(known), 5 / known.readsPerMs);
  t.is(patienceMs({ ...known, readsPerMs: null }), 100);
});

function unforeseen(schedule: RefreshSchedule, name: string, readsPerMs: number | null): void {
  const rest = { next: null, dated: false, changed: true, knownMs: 100 * minute, changes: 100, weight: 1 };
  schedule.looked(name, { ...rest, atMs: 0, readsPerMs });
}

function looks(schedule: RefreshSchedule, nowMs: number, tokens: number): readonly DueLook[] {
  return [...schedule.looks(nowMs, tokens, () => true)];
}

test('readers who are counted on have their calls; those who did not come are counted on no more', (t) => {
  const schedule = new RefreshSchedule({ perMinute: 1, burst: 10 }, 0.1);
  for (let i = 0; i < 12; i++) unforeseen(schedule, `r${i}`, 1 / (10 * minute));
  const first = looks(schedule, 10 * minute, 10);
  // Two are left to readers who find mirrors stale.
  t.is(schedule.reserve, 2);
  t.true(first.length > 1 && first.length <= 8, `${first.length}`);
  t.true(first.every((each) => each.patienceMs !== null && each.patienceMs > 0));
  t.is(looks(schedule, 10 * minute + 1, 10).length, 0);
  t.true(looks(schedule, 70 * minute, 10).length > 0);
});

test('what nobody reads is left until somebody does, and takes nobody’s call', (t) => {
  const schedule = new RefreshSchedule({ perMinute: 1, burst: 10 }, 0.1);
  for (const name of ['a', 'b']) unforeseen(schedule, name, 0);
  const two = [null, null];
  t.deepEqual(
    looks(schedule, 10 * minute, 10).map((each) => each.patienceMs),
    two,
  );
  t.deepEqual(
    looks(schedule, 10 * minute + 1, 10).map((each) => each.patienceMs),
    two,
  );
  const ahead = new RefreshSchedule({ perMinute: 1, burst: 10 }, 0);
  unforeseen(ahead, 'a', 0);
  t.deepEqual(looks(ahead, 10 * minute, 10), [{ name: 'a', patienceMs: 0 }]);
});

/** Memoryless changes every 10 minutes for three days, from some day after 1970. */
function memoryless(fromMs: number) {
  const random = seededRandom('patience');
  const changesMs: number[] = [];
  for (let time = fromMs; time < fromMs + 4320 * minute; ) {
    changesMs.push(time);
    time -= Math.log(1 - random.next()) * 10 * minute;
  }
  const untilMs = fromMs + 4320 * minute;
  return { name: 'm', predictable: false, source: 'generated', changesMs, fromMs, untilMs } as const;
}

test('unforeseeable changes: fresher than all that refresh ahead of readers, and no more reads wait than may', (t) => {
  const history = memoryless(0);
  const reads = readTimes(history, 20, 1);
  const spanMs = history.untilMs;
  const met = (waitingReads: number) => {
    const terms = { callsPerMs: 4 / (10 * minute), burst: 10, told: true, waitingReads };
    return freshnessOf(
      history,
      mirrorsPolicy([{ history, reads }], terms).get('m') ?? [],
      reads,
      0.3 * spanMs,
    );
  };
  const waiting = met(0.1);
  t.true(waiting.waitedReads > 0.05 && waiting.waitedReads <= 0.105, `${waiting.waitedReads}`);
  const ahead = met(0);
  t.is(ahead.waitedReads, 0);
  t.true(waiting.staleReads < 0.95 * ahead.staleReads, `${waiting.staleReads} ${ahead.staleReads}`);
  const even = tuned((everyMs) => fixedInterval(history, everyMs), waiting.calls, 0.3 * spanMs, spanMs);
  t.true(waiting.staleReads < freshnessOf(history, even, reads, 0.3 * spanMs).staleReads);
});

test('who waits is counted, whatever the calendar: no read of stale-while-revalidate, every call of read-through', (t) => {
  for (const fromMs of [0, Date.UTC(2026, 0, 5)]) {
    const history = memoryless(fromMs);
    const reads = readTimes(history, 20, 1);
    const of = (policy: (reads: Float64Array, ttlMs: number) => number[]) =>
      freshnessOf(history, policy(reads, 3 * minute), reads, fromMs);
    t.is(of(staleWhileRevalidate).waitedReads, 0);
    const through = of(readThrough);
    t.is(Math.round(through.waitedReads * reads.length), through.calls);
    const ahead = of(refreshAhead);
    t.true(ahead.waitedReads > 0 && ahead.waitedReads * reads.length < ahead.calls);
  }
});

test('clockwork at one call a change that the origin does not date: looks learn when it comes', (t) => {
  const random = seededRandom('one call');
  const periodMs = 10 * minute;
  const history = clockwork(random, periodMs, 300, 0.01);
  const reads = readTimes(history, 20, 1);
  const terms = { callsPerMs: 1 / periodMs, burst: 10, told: false, waitingReads: 0.1 };
  const fromMs = 0.4 * history.untilMs;
  const ours = freshnessOf(history, mirrorsPolicy([{ history, reads }], terms).get('x') ?? [], reads, fromMs);
  t.true(ours.calls <= 1.05 * 0.6 * 300, `${ours.calls}`);
  // Looks that know nothing of the cycle find half of the reads stale.
  t.true(ours.staleReads < 0.4, `${ours.staleReads}`);
});
