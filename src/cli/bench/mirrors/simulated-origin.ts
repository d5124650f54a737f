import { type Random, seededRandom } from '../../../foundation/random.ts';
import type { ChangeHistory } from './histories.ts';

/** What readers got, each look at the origin counted. */
export interface Freshness {
  /** Of reads, 0 to 1: the mirror's value was no longer the origin's. */
  readonly staleReads: number;
  /** Since the value read stopped being the origin's, mean over all reads, ms. */
  readonly meanAgeMs: number;
  readonly calls: number;
  /** Of reads, 0 to 1: they waited for the origin, and count as fresh. */
  readonly waitedReads: number;
}

/** Reads of a resource: memoryless. */
export function readTimes(history: ChangeHistory, readsPerChange: number, seed: number): Float64Array {
  const random: Random = seededRandom(`${seed}/${history.name}/reads`);
  const meanMs = (history.untilMs - history.fromMs) / (history.changesMs.length * readsPerChange);
  const found: number[] = [];
  for (let time = history.fromMs; ; ) {
    time -= Math.log(1 - random.next()) * meanMs;
    if (time >= history.untilMs) return Float64Array.from(found);
    found.push(time);
  }
}

/** Changes up to and with a moment. */
export function changesUntil(changesMs: readonly number[], time: number): number {
  let low = 0;
  let high = changesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changesMs[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What reads after `fromMs` met, given the moments of looks, ascending. A read at the moment of a look comes after it. */
export function freshnessOf(
  history: ChangeHistory,
  looks: readonly number[],
  reads: Float64Array,
  fromMs: number,
): Freshness {
  let look = 0;
  let seen = 0;
  let counted = 0;
  let stale = 0;
  let age = 0;
  let waited = 0;
  for (const read of reads) {
    if (read < fromMs) continue;
    for (; look < looks.length && (looks[look] ?? 0) <= read; look++)
      seen = changesUntil(history.changesMs, looks[look] ?? 0);
    counted++;
    if (looks[look - 1] === read) waited++;
    const missed = history.changesMs[seen];
    if (missed === undefined || missed > read) continue;
    stale++;
    age += read - missed;
  }
  const calls = looks.filter((time) => time >= fromMs).length;
  return { staleReads: stale / counted, meanAgeMs: age / counted, calls, waitedReads: waited / counted };
}
