/** Probability that the next change comes within `hMs` from now, rising in `hMs`, 0 to 1. */
export type Within = (hMs: number) => number;

/** One way to say when the next change comes. */
export interface OccurrenceModel {
  readonly name: string;
  /** Null where the past doesn't suffice. `changesMs` rises, the last one is not after `nowMs`. */
  fit(changesMs: Float64Array, nowMs: number): Within | null;
}

/** Times between changes, ms; those of 0 (several changes in one moment) are left out. */
export function intervalsOf(changesMs: Float64Array): Float64Array {
  const result: number[] = [];
  let before: number | null = null;
  for (const time of changesMs) {
    if (before !== null && time > before) result.push(time - before);
    before = time;
  }
  return Float64Array.from(result);
}
