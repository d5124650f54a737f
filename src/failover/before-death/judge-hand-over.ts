import type { Sign } from './signal-watch.ts';
import type { SignalName } from './signals.ts';

/**
 * - `open`: not known yet
 * - `justified`: the old leader's signal reached its limit, or it died or fell silent, within the time foretold and some more
 * - `needless`: none of that happened
 * - `not-taken`: nobody took over; the old leader went on
 */
export const verdicts = ['open', 'justified', 'needless', 'not-taken'] as const;
export type Verdict = (typeof verdicts)[number];

/** A hand-over before death with its evidence, as the cluster keeps it. */
export interface HandOverRecord {
  /** Cluster time of the decision, ms. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly signal: SignalName;
  readonly now: number;
  readonly limit: number;
  readonly inMs: number;
  readonly confidence: number;
  readonly verdict: Verdict;
  /** Why that verdict; empty while open. */
  readonly why: string;
}

/** What is known of the old leader. */
export interface OldLeader {
  /** Cluster time, ms. */
  readonly timeMs: number;
  /** It was heard lately. */
  readonly reachable: boolean;
  /** It says that it was started after the hand-over. */
  readonly restarted: boolean;
  /** What it says of the signal; null: nothing. */
  readonly sign: Sign | null;
}

/** Being off by as much as was foretold again is no mistake, and neither is less than this. */
const leastGraceMs = 10_000;

/** Until when what was foretold may come true, cluster time. */
export function judgedUntilMs({ atMs, inMs }: HandOverRecord): number {
  return atMs + inMs + Math.max(leastGraceMs, inMs);
}

export function judgeHandOver(
  record: HandOverRecord,
  old: OldLeader,
): { readonly verdict: Verdict; readonly why: string } {
  const { signal, limit, verdict, why } = record;
  if (verdict !== 'open') return { verdict, why };
  if (old.timeMs <= judgedUntilMs(record)) {
    if (old.restarted) return { verdict: 'justified', why: `${record.from} was started anew` };
    if (!old.reachable) return { verdict: 'justified', why: `${record.from} fell silent` };
    if (old.sign !== null && old.sign.now >= limit)
      return { verdict: 'justified', why: `${signal} reached ${old.sign.now.toPrecision(3)}` };
    return { verdict, why };
  }
  const now = old.sign === null ? 'is not known' : `is ${old.sign.now.toPrecision(3)}`;
  return { verdict: 'needless', why: `${signal} ${now}, and ${record.from} lives` };
}
