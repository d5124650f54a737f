/** A grid of whole months: each moment is of the same day of its month, or of the last one, at the same time of day (UTC). */
export interface MonthGrid {
  /** From one step to the next: 1, 3 a quarter, 12 a year. */
  readonly months: number;
  readonly isLastDay: boolean;
}

const DAY_MS = 86_400_000;
/** Mean of a month in the Gregorian calendar. */
const MONTH_MS = (146_097 / 4800) * DAY_MS;
const FEWEST = 3;

/** Null: the moments are none of such a grid. Those that are no numbers are not looked at. */
export function monthGridOf(timesMs: readonly number[]): MonthGrid | null {
  const times = [...new Set(timesMs.filter(Number.isFinite))].sort((a, b) => a - b);
  const [first = Number.NaN] = times;
  const isLastDay = times.every(endsMonth);
  const day = new Date(first).getUTCDate();
  const isSameDay = times.every((time) => new Date(time).getUTCDate() === day);
  const isSameTime = times.every((time) => (time - first) % DAY_MS === 0);
  if (times.length < FEWEST || !isSameTime || !(isLastDay || isSameDay)) return null;
  const distances = times.slice(1).map((time, i) => monthOf(time) - monthOf(times[i] ?? time));
  const months = distances.sort((a, b) => a - b)[distances.length >> 1] ?? 1;
  return { months, isLastDay };
}

/** The moments as if all months were equally long, the newest where it is; and the step between them. */
export function evenly(
  timesMs: readonly number[],
  { months }: MonthGrid,
): { readonly timesMs: readonly number[]; readonly stepMs: number } {
  const endMs = timesMs
    .filter(Number.isFinite)
    .reduce((last, time) => Math.max(last, time), Number.NEGATIVE_INFINITY);
  return {
    timesMs: timesMs.map((time) => endMs + (monthOf(time) - monthOf(endMs)) * MONTH_MS),
    stepMs: months * MONTH_MS,
  };
}

/** The moment so many steps after one of the grid. */
export function monthsAfter(timeMs: number, steps: number, { months, isLastDay }: MonthGrid): number {
  const date = new Date(timeMs);
  const month = date.getUTCMonth() + steps * months;
  const day = isLastDay
    ? Date.UTC(date.getUTCFullYear(), month + 1, 0)
    : Date.UTC(date.getUTCFullYear(), month, date.getUTCDate());
  return day + (timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS);
}

function monthOf(timeMs: number): number {
  const date = new Date(timeMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function endsMonth(timeMs: number): boolean {
  return new Date(timeMs + DAY_MS).getUTCDate() === 1;
}
