import { at, fromEnd } from '../math/at.ts';
import { ofMoments } from './model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 28;
const LEAST_DAYS = 2;
const LEAST_CHANGES = 24;
/** Weight of the mean rate in each hour's, in days. */
const PRIOR_DAYS = 1;

/** Poisson process whose rate is that of the hour of the day (UTC), from the last weeks. */
export const daily = ofMoments('daily', (changesMs, nowMs) => {
  const from = Math.max(at(changesMs, 0), nowMs - DAYS * DAY_MS);
  const days = (nowMs - from) / DAY_MS;
  const seen = changesMs.filter((time) => time > from);
  if (!(days >= LEAST_DAYS) || seen.length < LEAST_CHANGES || !Number.isFinite(fromEnd(changesMs, 0)))
    return null;
  const counts = new Float64Array(24);
  for (const time of seen) {
    const hour = hourOf(time);
    counts[hour] = at(counts, hour) + 1;
  }
  const usual = seen.length / (24 * days);
  const perHour = counts.map((count) => (count + PRIOR_DAYS * usual) / (days + PRIOR_DAYS));
  const perDay = perHour.reduce((sum, rate) => sum + rate, 0);
  return (hMs) => 1 - Math.exp(-expected(perHour, perDay, nowMs, hMs));
});

function hourOf(timeMs: number): number {
  return Math.floor((((timeMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS);
}

/** Changes expected between now and `hMs` later. */
function expected(perHour: Float64Array, perDay: number, nowMs: number, hMs: number): number {
  const whole = Math.floor(hMs / DAY_MS);
  let sum = whole * perDay;
  let left = hMs - whole * DAY_MS;
  let time = nowMs;
  while (left > 0) {
    const step = Math.min(left, HOUR_MS - (((time % HOUR_MS) + HOUR_MS) % HOUR_MS));
    sum += (at(perHour, hourOf(time)) * step) / HOUR_MS;
    time += step;
    left -= step;
  }
  return sum;
}
