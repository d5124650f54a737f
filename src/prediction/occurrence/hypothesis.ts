import { at } from '../math/at.ts';

/** Of intervals, those that follow no rule. */
const IRREGULAR = 0.01;
/** What an observation still counts after another, so that a resource that became otherwise is learned anew. */
const KEPT = 0.98;
/** Places that a change may have been at in its interval, at most. */
const CELLS = 16;

/** Intervals of a mean and a spread (logistic), and what is believed of the moment of the last change. */
export interface Hypothesis {
  readonly meanMs: number;
  readonly spreadMs: number;
  readonly logWeight: number;
  /** Where it may have been, and the chance of each, divided by that of none having come since. */
  readonly atMs: Float64Array;
  readonly mass: Float64Array;
}

/** Means between two parts of the usual interval, as far apart as the spread is wide. */
export function grid(usualMs: number, [low, high]: readonly [number, number], spread: number): Hypothesis[] {
  const found: Hypothesis[] = [];
  for (let part = low; part < high * (1 + spread / 2); part *= 1 + spread)
    found.push({
      meanMs: part * usualMs,
      // Of a logistic distribution: standard deviation √3/π.
      spreadMs: part * usualMs * spread * 0.55,
      logWeight: 0,
      atMs: new Float64Array(0),
      mass: new Float64Array(0),
    });
  return found;
}

/** After the first change of all, which may have been anywhere between the looks about it. */
export function begun(hypothesis: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs } = cellsOf(hypothesis, low, high);
  return { ...hypothesis, atMs, mass: atMs.map(() => 1 / atMs.length) };
}

/** Where in an interval a change may have been: the middles of cells about as wide as an interval's spread. */
function cellsOf(
  { spreadMs }: Hypothesis,
  low: number,
  high: number,
): { atMs: Float64Array; halfMs: number } {
  const count = Math.min(CELLS, Math.max(1, Math.ceil((high - low) / spreadMs)));
  const halfMs = (high - low) / count / 2;
  const atMs = new Float64Array(count);
  for (let j = 0; j < count; j++) atMs[j] = low + (2 * j + 1) * halfMs;
  return { atMs, halfMs };
}

/** None between the last look and `low`, one or more by `high`. */
export function stepped(before: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs, halfMs } = cellsOf(before, low, high);
  const count = atMs.length;
  // What is known to the moment is known as well as clocks are.
  const half = Math.max(halfMs, before.spreadMs / 8);
  const came = new Float64Array(count);
  for (let i = 0; i < before.atMs.length; i++) {
    const from = at(before.atMs, i);
    let here = left(before, at(atMs, 0) - half - from);
    for (let j = 0; j < count; j++) {
      const next = left(before, at(atMs, j) + half - from);
      came[j] = at(came, j) + at(before.mass, i) * (here - next);
      here = next;
    }
  }
  if (high - low > before.meanMs - 5 * before.spreadMs) againWithin(before, came, halfMs);
  // The last of them: none since.
  let total = 0;
  for (let j = 0; j < count; j++) total += at(came, j) * left(before, high - at(atMs, j));
  return {
    ...before,
    logWeight: KEPT * before.logWeight + Math.log(Math.max(total, 1e-9)),
    atMs,
    mass: total > 1e-12 ? came.map((value) => value / total) : came.fill(1 / count),
  };
}

/** Adds to the first changes in the cells those that come after them in the same interval. */
function againWithin(of: Hypothesis, came: Float64Array, halfMs: number): void {
  const after = came.map((_, k) => left(of, (2 * k - 1) * halfMs) - left(of, (2 * k + 1) * halfMs));
  for (let j = 1; j < came.length; j++)
    for (let i = 0; i < j; i++) came[j] = at(came, j) + at(came, i) * at(after, j - i);
}

/** Chance that an interval is longer. */
export function left({ meanMs, spreadMs }: Hypothesis, ms: number): number {
  if (ms <= 0) return 1;
  const tail = 1 + ms / (4 * meanMs);
  return (1 - IRREGULAR) / (1 + Math.exp((ms - meanMs) / spreadMs)) + IRREGULAR / (tail * tail);
}
