const day = 86_400_000;
const quarters = 96;
/** Of a cycle, the part in which changes have to be; of changes, those that have to be there. */
const part = 0.25;
const enough = 0.75;
/** Intervals, on average, up to which the time of day says enough of the next change, ms. */
const longest = 1.5 * day;

/**
 * Whether changes come where earlier ones say, by themselves and whatever any policy makes of them. The first half says where: the quarter of the mean interval,
 * counted from the last change but not right after it (a burst is not foreseen by its first change), or the 24 quarter hours of the day, in which most are. Of the
 * second half three in four have to be there. Fewer than three changes say nothing.
 */
export function isForeseeable(changesMs: readonly number[]): boolean {
  if (changesMs.length < 3) return false;
  const middle = changesMs.length >> 1;
  const intervals = changesMs.slice(1).map((time, i) => time - (changesMs[i] ?? 0));
  const seen = intervals.slice(0, middle).sort((a, b) => a - b);
  const later = intervals.slice(middle);
  const meanMs = seen.reduce((sum, each) => sum + each, 0) / seen.length;
  const fromMs = fullest(seen, part * meanMs);
  const byInterval = later.filter((each) => each >= fromMs && each <= fromMs + part * meanMs);
  if (byInterval.length >= enough * later.length) return true;
  if (meanMs > longest) return false;
  const usual = usualQuarters(changesMs.slice(0, middle));
  const byDay = changesMs.slice(middle).filter((time) => usual.has(quarterOf(time)));
  return byDay.length >= enough * (changesMs.length - middle);
}

/** Where the window of that width begins that holds most of them, not before its own width. */
function fullest(sorted: readonly number[], width: number): number {
  let best = width;
  let most = 0;
  for (const from of sorted) {
    if (from < width) continue;
    const held = sorted.filter((each) => each >= from && each <= from + width).length;
    if (held <= most) continue;
    most = held;
    best = from;
  }
  return best;
}

function usualQuarters(changesMs: readonly number[]): ReadonlySet<number> {
  const counts = Array.from({ length: quarters }, (_, quarter) => ({ quarter, count: 0 }));
  for (const time of changesMs) {
    const one = counts[quarterOf(time)];
    if (one !== undefined) one.count++;
  }
  counts.sort((a, b) => b.count - a.count);
  return new Set(counts.slice(0, part * quarters).map(({ quarter }) => quarter));
}

function quarterOf(time: number): number {
  return Math.floor(((((time % day) + day) % day) / day) * quarters);
}
