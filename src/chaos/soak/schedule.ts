import { seededRandom } from '../../foundation/random.ts';

/** When a script of a segment runs: ms since the segment's faults began. */
export interface SoakEntry {
  readonly scenario: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly seed: number;
}

/** So many scripts may be at work at the same time. */
const lanes = 2;
const shortestMs = 8000;
const longestMs = 45_000;
const longestPauseMs = 15_000;
/** The end of a segment is quiet: an election there has no excuse. */
const quietShare = 0.15;

/** What happens in a segment: the same for the same seed, number, length and pool, whatever came before it. In order of the beginnings. */
export function soakSchedule(
  seed: number,
  segment: number,
  lengthMs: number,
  pool: readonly string[],
): readonly SoakEntry[] {
  const untilMs = lengthMs * (1 - quietShare);
  const entries: SoakEntry[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const random = seededRandom(`${seed}/soak/${segment}/${lane}`);
    // The second lane begins later, so that the first fault of a segment is alone.
    let atMs = lane * longestPauseMs * random.next();
    while (pool.length > 0) {
      const forMs = shortestMs + random.next() * (longestMs - shortestMs);
      const toMs = Math.min(untilMs, atMs + forMs);
      if (toMs - atMs < shortestMs / 2) break;
      entries.push({
        scenario: random.pick(pool),
        fromMs: Math.round(atMs),
        toMs: Math.round(toMs),
        seed: random.below(2 ** 31),
      });
      atMs = toMs + random.next() * longestPauseMs;
    }
  }
  return entries.toSorted((a, b) => a.fromMs - b.fromMs || a.seed - b.seed);
}
