import { at } from '../math/at.ts';
import { autocorrelation } from '../math/autocorrelation.ts';
import { winsorised } from '../math/winsorise.ts';
import { seasonalMeans } from './seasonal-means.ts';

/** What the search looks at: four weeks of quarters of an hour, two weeks of five minutes. */
const WINDOW = 4096;
const SHORTEST = 3;
const CYCLES = 3;
/** Correlation below which a season helps nobody, however significant. */
const LEAST = 0.15;
/** How far a peak has to rise above the lowest correlation before it, as a share of its height. */
const PROMINENCE = 0.3;
/** Correlation of a part of a season, as a share of the season's. */
const PART = 0.4;
const AT_MOST = 3;
const CALENDAR_MS = [86_400_000, 604_800_000, 3_600_000] as const;
const CALENDAR_LEAST = 0.08;

/**
 * Seasons in steps, strongest first, from the past alone: the highest peak of the autocorrelation that is significant (Bartlett's limits),
 * removed by its seasonal means, and again. Slow movement is taken out before, single spikes are cut.
 */
export function detectSeasons(all: Float64Array, stepMs = 0): readonly number[] {
  let rest = withoutTrend(winsorised(all.subarray(-WINDOW), 0.02));
  const most = Math.floor(rest.length / CYCLES);
  const found: number[] = [];
  while (found.length < AT_MOST && most > SHORTEST) {
    const rho = autocorrelation(rest, most);
    const peak = highestPeak(rho, rest.length, stepMs) ?? calendarPeak(rho, rest.length, stepMs);
    if (peak === null) break;
    found.push(peak);
    const part = divisorOf(rho, peak);
    if (part !== null) found.push(part);
    const means = seasonalMeans(rest, peak);
    rest = rest.map((value, i) => value - at(means, i % peak));
    if (rest.every((value) => Math.abs(value) < 1e-9)) break;
  }
  return [...new Set(found)].slice(0, AT_MOST);
}

/** Hour, day and week are likely beforehand: a lower bar, if the correlation has its peak just there. */
function calendarPeak(rho: Float64Array, length: number, stepMs: number): number | null {
  for (const periodMs of CALENDAR_MS) {
    const lag = periodMs / stepMs;
    if (!Number.isInteger(lag) || lag < SHORTEST || lag >= rho.length - 2) continue;
    const here = at(rho, lag);
    const around = [lag - 2, lag - 1, lag + 1, lag + 2].every((other) => at(rho, other) <= here);
    if (around && here > Math.max(CALENDAR_LEAST, 2 / Math.sqrt(length))) return lag;
  }
  return null;
}

function highestPeak(rho: Float64Array, length: number, stepMs: number): number | null {
  let squares = 0;
  let trough = 1;
  const peaks: number[] = [];
  for (let lag = 1; lag < rho.length - 1; lag++) {
    const limit = Math.max(LEAST, (2.6 * Math.sqrt(1 + 2 * squares)) / Math.sqrt(length));
    const here = at(rho, lag);
    squares += here * here;
    // What hasn't risen from a trough is persistence, not a season.
    if (here > limit && here - trough > PROMINENCE * here && isPeak(rho, lag)) peaks.push(lag);
    trough = Math.min(trough, here);
  }
  let best: number | null = null;
  for (const lag of peaks) if (best === null || at(rho, lag) > at(rho, best)) best = lag;
  if (best === null) return null;
  const top = best;
  // A multiple of a season correlates as well: the shortest that comes near is the season itself.
  const shorter = peaks.find((lag) => lag < 0.75 * top && at(rho, lag) >= 0.9 * at(rho, top));
  return onCalendar(rho, shorter ?? top, stepMs);
}

/** A smooth season's peak is flat, and noise moves it a little: the hour, day or week next to it is meant. */
function onCalendar(rho: Float64Array, lag: number, stepMs: number): number {
  for (const periodMs of CALENDAR_MS) {
    const exact = periodMs / stepMs;
    if (
      Number.isInteger(exact) &&
      Math.abs(exact - lag) <= 0.03 * exact &&
      at(rho, exact) >= 0.95 * at(rho, lag)
    )
      return exact;
  }
  return lag;
}

/** A shorter season that the one found is made of, such as the day in a week whose weekend differs. */
function divisorOf(rho: Float64Array, season: number): number | null {
  let best: number | null = null;
  for (let parts = 2; season / parts >= SHORTEST; parts++) {
    const lag = season / parts;
    if (!Number.isInteger(lag) || !isPeak(rho, lag) || at(rho, lag) < PART * at(rho, season)) continue;
    if (best === null || at(rho, lag) > at(rho, best)) best = lag;
  }
  return best;
}

function isPeak(rho: Float64Array, lag: number): boolean {
  return lag >= SHORTEST && at(rho, lag) > at(rho, lag - 1) && at(rho, lag) >= at(rho, lag + 1);
}

/** Values minus a wide centred moving average (a third of the series). */
function withoutTrend(values: Float64Array): Float64Array {
  const half = Math.max(2, Math.floor(values.length / 6));
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = at(sums, i) + at(values, i);
  return values.map((value, i) => {
    const from = Math.max(0, i - half);
    const to = Math.min(values.length, i + half + 1);
    return value - (at(sums, to) - at(sums, from)) / (to - from);
  });
}
