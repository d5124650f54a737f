/** Seasons that the references use, in steps; 0: none. */
export interface Seasons {
  readonly short: number;
  readonly long: number;
}

/** Values that a forecast looks back over at most; more cost memory and tell little. */
export const maxTail = 8_192;
/** Values that it looks back over whatever the seasons, where there are so many. */
export const leastTail = 640;
/** Beyond the seasons: the moments that the record of the references is taken at. */
const recordTail = 128;
/** Seasons of the short season that make the long one, where the data tell of none: days of a week. */
const perLong = 7;

/**
 * The strongest season found, and a longer one that contains it: the next one found, or seven of the first (a week of days, the most common
 * second season of anything people cause). A season counts only where two of it are known.
 */
export function seasonsOf(found: readonly number[], known: number): Seasons {
  const usable = found
    .map(Math.round)
    .filter((season) => season >= 2 && 2 * season <= Math.min(known, maxTail));
  const short = usable[0] ?? 0;
  if (short === 0) return { short: 0, long: 0 };
  const other = usable.find((season) => season !== short);
  if (other !== undefined && other < short) return { short: other, long: short };
  const long = other ?? perLong * short;
  return { short, long: 2 * long <= Math.min(known, maxTail) ? long : 0 };
}

/** Values at the end of a series that its forecast depends on: nobody need hand over more. */
export function tailLength({ short, long }: Seasons): number {
  return Math.min(maxTail, Math.max(leastTail, 7 * short, 4 * long + short) + recordTail);
}
