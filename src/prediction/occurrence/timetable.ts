import { at, fromEnd } from '../math/at.ts';
import type { OccurrenceModel, Within } from './model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const DAYS = 56;
const LEAST_DAYS = 10;
const LEAST_CHANGES = 12;
/** Weight of what is usual, in days: of all hours in each hour's chance, of all days in each weekday's. */
const PRIOR_DAYS = 1;
/** Who changes more often than this keeps no timetable by the hour. */
const MOST_A_DAY = 12;
const SURE = 0.98;
/** Changes that the hour is to be known of, the last ones, and how well it must be, on average. */
const RECENT = 24;
const VAGUE_MS = 2 * HOUR_MS;

/**
 * Jobs at fixed hours (UTC): each hour of the day brings a change or none, with its own chance, more or less by weekday. Unlike by a rate, an hour that had its change is
 * done with, but for as many second ones as were seen. Silent where looks are too far apart to tell the hour.
 */
export const timetable: OccurrenceModel = {
  name: 'timetable',
  learn:
    ({ lowMs, highMs, middleMs }) =>
    (known, nowMs) => {
      let width = 0;
      for (let i = Math.max(0, known - RECENT); i < known; i++) width += at(highMs, i) - at(lowMs, i);
      return width > VAGUE_MS * Math.min(RECENT, known) ? null : fitted(middleMs.subarray(0, known), nowMs);
    },
};

function fitted(changesMs: Float64Array, nowMs: number): Within | null {
  const last = fromEnd(changesMs, 0);
  const from = Math.max(at(changesMs, 0), nowMs - DAYS * DAY_MS);
  const days = (nowMs - from) / DAY_MS;
  if (!(days >= LEAST_DAYS) || !Number.isFinite(last)) return null;
  const slots: number[] = [];
  let seen = 0;
  for (const time of changesMs) {
    if (time <= from) continue;
    seen++;
    const slot = Math.floor(time / HOUR_MS);
    if (slot !== slots.at(-1)) slots.push(slot);
  }
  if (seen < LEAST_CHANGES || seen > MOST_A_DAY * days) return null;
  const byHour = new Float64Array(24);
  const byWeekday = new Float64Array(7);
  for (const slot of slots) {
    byHour[hourOf(slot)] = at(byHour, hourOf(slot)) + 1;
    byWeekday[weekdayOf(slot)] = at(byWeekday, weekdayOf(slot)) + 1;
  }
  const usual = slots.length / (24 * days);
  const ofDay = slots.length / days;
  const weeks = days / 7;
  const factors = byWeekday.map((count) => (count / ofDay + PRIOR_DAYS) / (weeks + PRIOR_DAYS));
  const chances = byHour.map((count) => (count + PRIOR_DAYS * usual) / (days + PRIOR_DAYS));
  const again = (seen - slots.length + 0.5) / (seen + 1);
  const hazard = (slot: number): number => {
    const chance = Math.min(SURE, at(chances, hourOf(slot)) * at(factors, weekdayOf(slot)));
    return -Math.log(1 - chance) * (Math.floor(last / HOUR_MS) === slot ? again : 1);
  };
  const ofWeek = weekOf(hazard, Math.floor(nowMs / HOUR_MS) + 1);
  return (hMs) => 1 - Math.exp(-expected(hazard, ofWeek, nowMs, hMs));
}

/** Hazard of the 168 hours from a slot on, summed up: [i] is that of the first i. */
function weekOf(hazard: (slot: number) => number, first: number): Float64Array {
  const sums = new Float64Array(169);
  for (let i = 0; i < 168; i++) sums[i + 1] = at(sums, i) + hazard(first + i);
  return sums;
}

function expected(
  hazard: (slot: number) => number,
  ofWeek: Float64Array,
  nowMs: number,
  hMs: number,
): number {
  const slot = Math.floor(nowMs / HOUR_MS);
  const restMs = (slot + 1) * HOUR_MS - nowMs;
  if (hMs <= restMs) return (hazard(slot) * hMs) / HOUR_MS;
  const laterMs = hMs - restMs;
  const weeks = Math.floor(laterMs / WEEK_MS);
  const hours = (laterMs - weeks * WEEK_MS) / HOUR_MS;
  const whole = Math.min(167, Math.floor(hours));
  const part = hours - whole;
  const before = at(ofWeek, whole);
  return (
    (hazard(slot) * restMs) / HOUR_MS +
    weeks * at(ofWeek, 168) +
    before +
    part * (at(ofWeek, whole + 1) - before)
  );
}

function hourOf(slot: number): number {
  return ((slot % 24) + 24) % 24;
}

/** 0: Thursday, as was the first day of 1970. */
function weekdayOf(slot: number): number {
  return ((Math.floor(slot / 24) % 7) + 7) % 7;
}
