import { nextTurn } from '../../../ports/clock.ts';
import { systemClock } from '../../../ports/system-clock.ts';
import { isForeseeable } from './foreseeable.ts';
import { type ChangeHistory, generatedHistories } from './histories.ts';
import { mirrorsPolicy } from './mirrors-policy.ts';
import type { BenchMirrorsOptions } from './options.ts';
import { fixedInterval, readThrough, refreshAhead, staleWhileRevalidate, tuned } from './policies.ts';
import { realHistories } from './real-histories.ts';
import { recordedHistories } from './recorded.ts';
import { type Freshness, freshnessOf, readTimes } from './simulated-origin.ts';

export type OtherPolicy = 'interval' | 'staleWhileRevalidate' | 'refreshAhead';

export interface FreshnessRow {
  readonly history: string;
  readonly source: ChangeHistory['source'];
  /** By the part that is learned from alone. */
  readonly predictable: boolean;
  readonly changes: number;
  /** Of the budget, a change. */
  readonly callsPerChange: number;
  /** Whether the origin says when it changed last (Last-Modified, a field). */
  readonly told: boolean;
  /** Of the mirrors' reads, those that may wait for a look that is due. */
  readonly waitingReads: number;
  readonly mirrors: Freshness;
  readonly others: Readonly<Record<OtherPolicy, Freshness>>;
  /** For comparison: every call is made by a read that waits for it. No policy that keeps anything fresh ahead of readers. */
  readonly readThrough: Freshness;
  /** Of the others that with the fewest stale reads. */
  readonly best: OtherPolicy;
  /** Stale reads against the best of the others. */
  readonly ratio: number;
  readonly ageRatio: number;
}

const otherPolicies: readonly OtherPolicy[] = ['interval', 'staleWhileRevalidate', 'refreshAhead'];

/** Part of a history that is learned from and not counted, for all alike. */
const learning = 0.3;

/** Histories replayed against a simulated origin: every policy makes as many calls as the mirrors did. */
export async function measureFreshness(
  options: BenchMirrorsOptions,
  progress: (text: string) => void,
): Promise<readonly FreshnessRow[]> {
  const histories = [
    ...(options.generated ? generatedHistories(options.seed) : []),
    ...(options.real ? realHistories(options.seed) : []),
    ...(options.histories === undefined ? [] : await recordedHistories(options.histories)),
  ];
  const rows: FreshnessRow[] = [];
  for (const history of histories) {
    const reads = readTimes(history, options.reads, options.seed);
    for (const told of [true, false]) {
      for (const callsPerChange of options.budgets) {
        for (const waitingReads of options.waitingReads) {
          progress(`${history.name}, ${callsPerChange} calls a change, ${told ? 'told' : 'seen'}`);
          rows.push(rowOf(history, reads, { callsPerChange, told, waitingReads }));
          await nextTurn(systemClock);
        }
      }
    }
  }
  return rows;
}

function rowOf(
  history: ChangeHistory,
  reads: Float64Array,
  { callsPerChange, told, waitingReads }: Pick<FreshnessRow, 'callsPerChange' | 'told' | 'waitingReads'>,
): FreshnessRow {
  const spanMs = history.untilMs - history.fromMs;
  const fromMs = history.fromMs + learning * spanMs;
  const callsPerMs = (callsPerChange * history.changesMs.length) / spanMs;
  const terms = { callsPerMs, burst: 10, told, waitingReads };
  const looks = mirrorsPolicy([{ history, reads }], terms).get(history.name) ?? [];
  const mirrors = freshnessOf(history, looks, reads, fromMs);
  const like = (policy: (parameter: number) => number[]): Freshness =>
    freshnessOf(history, tuned(policy, Math.max(1, mirrors.calls), fromMs, spanMs), reads, fromMs);
  const others = {
    interval: like((everyMs) => fixedInterval(history, everyMs)),
    staleWhileRevalidate: like((ttlMs) => staleWhileRevalidate(reads, ttlMs)),
    refreshAhead: like((ttlMs) => refreshAhead(reads, ttlMs)),
  };
  const least = (of: (one: Freshness) => number): number => Math.min(...Object.values(others).map(of));
  const fewest = least(({ staleReads }) => staleReads);
  return {
    history: history.name,
    source: history.source,
    predictable: isForeseeable(history.changesMs.filter((time) => time < fromMs)),
    changes: history.changesMs.length,
    callsPerChange,
    told,
    waitingReads,
    mirrors,
    others,
    readThrough: like((ttlMs) => readThrough(reads, ttlMs)),
    best: otherPolicies.find((name) => others[name].staleReads === fewest) ?? 'interval',
    ratio: mirrors.staleReads / fewest,
    ageRatio: mirrors.meanAgeMs / least(({ meanAgeMs }) => meanAgeMs),
  };
}
