import test from 'ava';
import fc from 'fast-check';
import { mirrorsPolicy } from '../../src/cli/bench/mirrors/mirrors-policy.ts';
import { fixedInterval, tuned } from '../../src/cli/bench/mirrors/policies.ts';
import { freshnessOf } from '../../src/cli/bench/mirrors/simulated-origin.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { parseSource } from '../../src/mirrors/config/parse-config.ts';
import { boughtBy } from '../../src/mirrors/forecast/bought.ts';
import { firstCheck } from '../../src/mirrors/forecast/checking.ts';
import { clearingPrice } from '../../src/mirrors/forecast/price.ts';
import { RefreshSchedule } from '../../src/mirrors/forecast/refresh-schedule.ts';
import { Staleness } from '../../src/mirrors/forecast/staleness.ts';
import { withChange } from '../../src/mirrors/refresh/history.ts';
import { judge } from '../../src/mirrors/refresh/judge.ts';
import type { BudgetRecord, HistoryRecord } from '../../src/mirrors/state/records.ts';
import { paused, refilled, taken } from '../../src/mirrors/state/token-bucket.ts';
import { clockwork } from './clockwork.ts';
import { content } from './fake-origin.ts';

/** Cho & Garcia-Molina 2003, sec. 4: ∂F/∂f at an interval of `u` and a rate of `rate`. */
const exact = (rate: number, u: number): number => (1 - (1 + rate * u) * Math.exp(-rate * u)) / rate;

test('memoryless changes: a look is worth what Cho & Garcia-Molina have, and never less later', (t) => {
  for (const rate of [1 / 60_000, 1 / 3_600_000]) {
    const curve = new Staleness((u) => 1 - Math.exp(-rate * u), 8 / rate, true);
    t.true(Math.abs(curve.meanMs * rate - 1) < 0.02);
    let before = 0;
    for (const x of [0.3, 0.5, 1, 1.5, 2, 3, 5]) {
      const value = curve.value(x / rate, curve);
      t.true(
        Math.abs(value / exact(rate, x / rate) - 1) < 0.03,
        `${x}: ${value * rate} for ${exact(rate, x / rate) * rate}`,
      );
      t.true(value >= before);
      before = value;
    }
  }
});

test('clockwork: worth nothing before the change, a whole period just after it, less the later', (t) => {
  const period = 100_000;
  const curve = new Staleness((u) => Math.min(1, Math.max(0, (u - 99_000) / 2000)), 200_000);
  t.is(curve.value(90_000, curve), 0);
  t.true(curve.value(101_500, curve) > 0.95 * period);
  t.true(curve.value(150_000, curve) < 0.6 * period);
  const at = curve.worthAt(0.8 * period, curve);
  t.true(at > 99_500 && at < 102_000, `${at}`);
});

test('clockwork that was not looked at: worth it again after the next change, not shortly before', (t) => {
  const period = 100_000;
  const curve = new Staleness((u) => 1 / (1 + Math.exp((period - u) / 1000)), 2 * period);
  const bought = boughtBy(curve, curve);
  t.true(bought(0.9 * period) < 0.01 * period);
  t.true(bought(1.04 * period) > 0.9 * period);
  t.true(bought(1.3 * period) < 0.75 * period && bought(1.3 * period) > 0.6 * period);
  t.is(bought(1.8 * period), 0);
  t.is(bought(2 * period), 0);
  t.true(bought(2.15 * period) > 0.75 * period);
  // Later still it is anywhere within a cycle.
  t.true(Math.abs(bought(50 * period) / period - 0.5) < 0.1, `${bought(50 * period)}`);
});

test('changes without memory are looked for as soon as the next look would cost more than it saves', (t) => {
  const points = 1200;
  const atMs = Float64Array.from({ length: points }, (_, i) => i * 0.01);
  const chance = atMs.map((u) => 1 - Math.exp(-u));
  const integral = atMs.map((u) => u - 1 + Math.exp(-u));
  for (const price of [0.1, 0.5, 1.5]) {
    const u = atMs[firstCheck(atMs, chance, integral, price)]!;
    // Looking every u costs (price + u) / (1 − e^−u) until the change is found, least where e^u − 1 − u = price.
    t.true(Math.abs(Math.exp(u) - 1 - u - price) < 0.08 * (1 + price), `${price}: ${u}`);
  }
});

test('where a change is expected, looks go before it, about it or after it by what they cost', (t) => {
  const curve = new Staleness((u) => 1 / (1 + Math.exp((100_000 - u) / 3000)), 200_000);
  const chanceAt = (price: number): number => curve.chance(curve.worthAt(price, curve));
  t.true(chanceAt(1000) < 0.35, `${chanceAt(1000)}`);
  t.true(chanceAt(8000) > 0.4 && chanceAt(8000) < 0.9, `${chanceAt(8000)}`);
  t.true(chanceAt(40_000) > 0.9, `${chanceAt(40_000)}`);
});

test('looks that find a change every time are made uneven, until one finds nothing', (t) => {
  const schedule = new RefreshSchedule({ perMinute: 1, burst: 10 });
  const waits: number[] = [];
  for (let i = 0; i < 40; i++) {
    const changed = i !== 30;
    schedule.looked('a', {
      atMs: 0,
      changed,
      next: null,
      dated: false,
      knownMs: 60_000,
      changes: 1,
      weight: 1,
      readsPerMs: null,
    });
    waits.push(Math.round(schedule.dueAt('a', 0, 5) / 100));
  }
  const [even, sooner, later] = [waits[0]!, waits[10]!, waits[18]!];
  t.true(Math.abs(sooner / even - 0.8) < 0.01 && Math.abs(later / even - 1.2) < 0.01, waits.join());
  t.is(waits[30], even);
  t.is(waits[35], even);
});

test('clockwork that does not say when it changed: less than half the stale reads of even looks', (t) => {
  const random = seededRandom('closed loop');
  const periodMs = 600_000;
  const history = clockwork(random, periodMs, 200, 0.02);
  const { untilMs } = history;
  const reads = Float64Array.from({ length: 5000 }, () => random.next() * untilMs).sort();
  const looks = mirrorsPolicy([{ history, reads }], {
    callsPerMs: 2 / periodMs,
    burst: 10,
    told: false,
    waitingReads: 0,
  }).get('x')!;
  const fromMs = 0.4 * untilMs;
  const ours = freshnessOf(history, looks, reads, fromMs);
  const even = tuned((everyMs) => fixedInterval(history, everyMs), ours.calls, fromMs, untilMs);
  const theirs = freshnessOf(history, even, reads, fromMs);
  t.true(ours.calls <= 1.05 * 0.6 * 400, `${ours.calls}`);
  t.true(ours.staleReads < 0.5 * theirs.staleReads, `${ours.staleReads} ${theirs.staleReads}`);
});

test('the price divides the budget as is best: what changes far too often gets nothing, the rest more', (t) => {
  const demand = (meanMs: number) => ({
    cycle: new Staleness((u) => 1 - Math.exp(-u / meanMs), 8 * meanMs, true),
    weight: 1,
  });
  const demands = [demand(1000), demand(100_000), demand(400_000)];
  const price = clearingPrice(demands, 2 / 100_000);
  const [fast, middle, slow] = demands.map(({ cycle }) => cycle.worthAt(price, cycle));
  t.is(fast, Number.POSITIVE_INFINITY);
  t.true(middle! < slow!);
  t.true(Math.abs(1 / middle! + 1 / slow! - 2 / 100_000) < 0.3 / 100_000);
});

test('a bucket never gives more than its burst and its rate, whatever clocks do', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20_000, max: 20_000 }), { maxLength: 60 }), (steps) => {
      const options = { perMinute: 60, burst: 5 };
      let bucket: BudgetRecord | null = null;
      let given = 0;
      let nowMs = 1_000_000;
      let latest = nowMs;
      let firstMs = nowMs;
      let isFirst = true;
      for (const step of steps) {
        // Two calendars, at most 20 s apart.
        nowMs = Math.max(nowMs, latest - 20_000) + step;
        nowMs = Math.max(nowMs, latest - 20_000);
        if (isFirst) firstMs = latest = nowMs;
        isFirst = false;
        latest = Math.max(latest, nowMs);
        for (;;) {
          const token: ReturnType<typeof taken> = taken(bucket, options, nowMs);
          if (!('after' in token)) break;
          bucket = token.after;
          given++;
        }
      }
      return given <= 5 + (latest - firstMs) / 1000 + 1e-6;
    }),
  );
  const ahead = refilled({ tokens: 0, atMs: 10_000_000 }, { perMinute: 60, burst: 5 }, 1000);
  t.deepEqual(ahead, { tokens: 0, atMs: 10_000_000 });
  const waiting = taken(paused(null, 5000, 1000), { perMinute: 60, burst: 5 }, 2000);
  t.deepEqual(waiting, { waitMs: 4000 });
});

test('histories are bounded and never go back', (t) => {
  let history: HistoryRecord | null = null;
  for (let i = 0; i < 1000; i++) history = withChange(history, [i % 7 === 0 ? -5 : i * 10, i * 10 + 5]);
  t.is(history?.changes.length, 256);
  const changes = history!.changes;
  t.true(changes.every(([low, high], i) => low <= high && (i === 0 || low >= changes[i - 1]![1])));
});

test('when it changed: by the origin’s word in our calendar, else between two looks', (t) => {
  const config = parseSource('s', { origin: { kind: 'own', name: 'x' } });
  const look = (endedMs: number, answer: Parameters<typeof judge>[1]['answer'], fence: number) =>
    ({ key: 'k', by: 'p', fence, reason: 'stale', startedMs: endedMs - 10, endedMs, answer }) as const;
  const nothing = { value: null, check: null, history: null };
  const first = judge(config, look(1_000_000, content({ n: 1 }), 1), nothing);
  const before = { value: first.value ?? null, check: first.check, history: null };
  const seen = judge(config, look(1_060_000, content({ n: 2 }), 2), before);
  t.deepEqual(seen.history?.changes, [[999_990, 1_060_000]]);
  // The origin's clock is an hour behind.
  const behind = 3_600_000;
  const told = content({ n: 2 }, { changedAtMs: 1_030_000 - behind, originMs: 1_060_000 - behind });
  t.deepEqual(judge(config, look(1_060_000, told, 2), before).history?.changes, [[1_030_000, 1_030_000]]);
  // What it says cannot be: before the last look that found it unchanged.
  const early = content({ n: 2 }, { changedAtMs: 500_000, originMs: 1_060_000 });
  t.deepEqual(judge(config, look(1_060_000, early, 2), before).history?.changes, [[999_990, 999_990]]);
  const same = judge(config, look(1_060_000, content({ n: 1 }), 2), before);
  t.is(same.history, undefined);
  t.is(same.value, undefined);
  t.is(same.check.counts.changes, 0);
});
