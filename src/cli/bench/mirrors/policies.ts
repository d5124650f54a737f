import { ChangeForecasts } from '../../../mirrors/forecast/change-forecasts.ts';
import { RefreshSchedule } from '../../../mirrors/forecast/refresh-schedule.ts';
import { withChange } from '../../../mirrors/refresh/history.ts';
import type { BudgetRecord, HistoryRecord } from '../../../mirrors/state/records.ts';
import { refilled, taken } from '../../../mirrors/state/token-bucket.ts';
import type { ChangeHistory } from './histories.ts';
import { changesUntil } from './simulated-origin.ts';

/** Looks at the origin every `everyMs`, read or not. */
export function fixedInterval({ fromMs, untilMs }: ChangeHistory, everyMs: number): number[] {
  const looks: number[] = [];
  for (let time = fromMs; time < untilMs; time += everyMs) looks.push(time);
  return looks;
}

/** A read of what is older than `ttlMs` gets it, and has it refreshed (RFC 5861). The refresh counts for the reads after it. */
export function staleWhileRevalidate(reads: Float64Array, ttlMs: number): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    if (read - last < ttlMs) continue;
    last = read + 1e-6;
    looks.push(last);
  }
  return looks;
}

/** As Caffeine and others have it: a read in the last fifth of the time-to-live refreshes ahead; one after its end waits for the origin. */
export function refreshAhead(reads: Float64Array, ttlMs: number): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    const age = read - last;
    if (age < 0.8 * ttlMs) continue;
    last = age >= ttlMs ? read : read + 1e-6;
    looks.push(last);
  }
  return looks;
}

/** The parameter at which a policy makes as many calls after `fromMs` as `calls`, rounded in its favour. */
export function tuned(
  policy: (parameter: number) => number[],
  calls: number,
  fromMs: number,
  spanMs: number,
): number[] {
  const count = (looks: readonly number[]): number => looks.filter((time) => time >= fromMs).length;
  let low = spanMs / (calls * 64);
  let high = spanMs;
  for (let round = 0; round < 50; round++) {
    const middle = Math.sqrt(low * high);
    if (count(policy(middle)) >= calls) low = middle;
    else high = middle;
  }
  return policy(low);
}

/** The mirrors' own schedule over several resources of one source. `told`: the origin says when it changed last. */
export function predicted(
  histories: readonly ChangeHistory[],
  callsPerMs: number,
  told: boolean,
  burst = 10,
): ReadonlyMap<string, number[]> {
  const budget = { perMinute: callsPerMs * 60_000, burst };
  const schedule = new RefreshSchedule(budget);
  const forecasts = new ChangeForecasts();
  const fromMs = Math.min(...histories.map((each) => each.fromMs));
  const untilMs = Math.max(...histories.map((each) => each.untilMs));
  let bucket: BudgetRecord | null = null;
  const resources = new Map(
    histories.map((history) => [
      history.name,
      {
        history,
        looks: [] as number[],
        record: null as HistoryRecord | null,
        seen: -1,
        changes: 0,
        lastMs: history.fromMs,
      },
    ]),
  );
  const look = (name: string, now: number): void => {
    const resource = resources.get(name);
    if (resource === undefined) return;
    const { history, lastMs } = resource;
    const seen = changesUntil(history.changesMs, now);
    const changed = resource.seen >= 0 && seen > resource.seen;
    if (changed) {
      resource.changes++;
      const last = history.changesMs[seen - 1] ?? now;
      resource.record = withChange(resource.record, told ? [last, last] : [lastMs, now]);
    }
    resource.seen = seen;
    resource.lastMs = now;
    resource.looks.push(now);
    schedule.looked(name, {
      atMs: now,
      changed,
      next: forecasts.next(name, resource.record, now),
      knownMs: now - history.fromMs,
      changes: resource.changes,
      weight: 1,
    });
  };
  for (const { name } of histories) look(name, fromMs);
  // A hundredth of the mean time between calls: fine enough that a tick costs no freshness.
  const tickMs = Math.min(1 / callsPerMs / 50, (untilMs - fromMs) / 20_000);
  for (let now = fromMs + tickMs; now < untilMs; now += tickMs) {
    for (;;) {
      bucket = refilled(bucket, budget, now);
      if (bucket.tokens < 1) {
        schedule.price(now, bucket.tokens);
        break;
      }
      const name = schedule.due(now, bucket.tokens);
      if (name === null) break;
      const token = taken(bucket, budget, now);
      if (!('after' in token)) break;
      bucket = token.after;
      look(name, now);
    }
  }
  return new Map([...resources].map(([name, { looks }]) => [name, looks]));
}
