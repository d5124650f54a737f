import { at } from '../math/at.ts';
import { type Beliefs, believing } from './beliefs.ts';
import type { OccurrenceModel, Past, Within, Work } from './model.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const LEAST_CHANGES = 8;
const LEAST_DAYS = 6;
/** Who changes more often keeps no timetable that looks could tell. */
const MOST_A_DAY = 6;
/** Changes that it is learned from. */
const RECENT = 64;
/** Beliefs kept of the past, which tests ask for. */
const TESTED = 26;
/** Weight of what is usual, in days: of all hours in each one's chance, of all days in each weekday's. */
const PRIOR_HOUR = 0.3;
const PRIOR_DAYS = 6;
/** Of an hour's change having come: another one in what is left of the hour. */
const AGAIN = 0.1;
const SURE = 0.98;
/** Rounds at first, and as one more change has come. */
const ROUNDS = 30;
const MORE_ROUNDS = 3;

/** Of each hour of the day the chance that it brings a change, and how much likelier each weekday is than others. */
interface Chances {
  readonly byHour: Float64Array;
  readonly byWeekday: Float64Array;
  /** Of each hour of the week. */
  readonly hazards: Float64Array;
  /** What is left of the hour in which the last change was seen: this part of its chance counts on. */
  readonly left: number;
}

interface Known extends Beliefs<Chances> {
  readonly last: Chances;
  readonly lastMs: number;
}

/**
 * Jobs at fixed hours (UTC), most days, seen only through looks that may be a day apart: each hour of the day brings a change or none, more or less by weekday.
 * Where in its interval a change came is shared out by these chances, and they are found anew from that (expectation maximization under interval censoring:
 * Turnbull 1976), so looks at other hours of other days together tell the hour.
 */
export const hiddenTimetable: OccurrenceModel = believing<Chances, Known>({
  name: 'hidden-timetable',
  least: LEAST_CHANGES,
  *continued(known, past) {
    const from = past.highMs.lastIndexOf(known.lastMs) + 1;
    return from === 0 ? null : yield* followed(known.after, known.last, past, from + 1);
  },
  *begun(past) {
    const first = Math.max(LEAST_CHANGES, past.highMs.length - TESTED);
    return yield* followed(new Map(), null, past, first);
  },
  within: ([chances], lastMs, nowMs) => (chances === undefined ? null : within(chances, lastMs, nowMs)),
});

/** What is believed from so many changes on. */
function* followed(
  earlier: Known['after'],
  before: Chances | null,
  past: Past,
  count: number,
): Work<Known | null> {
  const after = [...earlier];
  let last = before;
  for (let i = Math.max(count, LEAST_CHANGES) - 1; i < past.highMs.length; i++) {
    const known = fitted(past, i + 1, last);
    yield;
    if (known === null) continue;
    last = known;
    after.push([at(past.highMs, i), [known]]);
  }
  if (last === null) return null;
  return { after: new Map(after.slice(-TESTED)), last, lastMs: at(past.highMs, past.highMs.length - 1) };
}

/** From the first `count` changes. Null: they are too few, too near together, or too many a day. */
function fitted({ lowMs, highMs }: Past, count: number, before: Chances | null): Chances | null {
  const from = Math.max(0, count - RECENT);
  const startMs = at(highMs, from);
  const days = (at(highMs, count - 1) - startMs) / DAY_MS;
  const changes = count - 1 - from;
  if (changes < LEAST_CHANGES - 1 || days < LEAST_DAYS || changes > MOST_A_DAY * days) return null;
  const perDay = changes / days;
  const usual = Math.min(SURE, perDay) / HOURS;
  let byHour = before?.byHour ?? new Float64Array(HOURS).fill(usual);
  let byWeekday = before?.byWeekday ?? new Float64Array(7).fill(1);
  let left = 1;
  const rounds = before === null ? ROUNDS : MORE_ROUNDS;
  for (let round = 0; round < rounds; round++) {
    const hazards = hazardsOf(byHour, byWeekday);
    const came = new Float64Array(HOURS);
    const asked = new Float64Array(HOURS);
    const cameOn = new Float64Array(7);
    const usualOn = new Float64Array(7);
    left = 1;
    let fromMs = startMs;
    for (let i = from + 1; i < count; i++) {
      const low = at(lowMs, i);
      const high = at(highMs, i);
      const some = Math.max(1e-6, 1 - Math.exp(-expected(hazards, low, high, low === fromMs ? left : 1)));
      let inLast = 0;
      for (let time = fromMs; time < high; ) {
        const slot = Math.floor(time / HOUR_MS);
        const end = Math.min(time < low ? low : high, (slot + 1) * HOUR_MS);
        const share = ((end - time) / HOUR_MS) * (time === fromMs ? left : 1);
        const posterior = time < low ? 0 : (1 - Math.exp(-share * hazardOf(hazards, slot))) / some;
        const ofDay = hourOfDay(slot);
        const day = weekdayOf(slot);
        came[ofDay] = at(came, ofDay) + posterior;
        asked[ofDay] = at(asked, ofDay) + share * at(byWeekday, day);
        cameOn[day] = at(cameOn, day) + posterior;
        usualOn[day] = at(usualOn, day) + share * at(byHour, ofDay);
        inLast = posterior;
        time = end;
      }
      left = 1 - (1 - AGAIN) * Math.min(1, inLast);
      fromMs = high;
    }
    byHour = byHour.map((_, slot) =>
      Math.min(SURE, (at(came, slot) + PRIOR_HOUR * usual) / (at(asked, slot) + PRIOR_HOUR)),
    );
    byWeekday = byWeekday.map(
      (_, day) => (at(cameOn, day) + PRIOR_DAYS * perDay) / (at(usualOn, day) + PRIOR_DAYS * perDay),
    );
  }
  return { byHour, byWeekday, hazards: hazardsOf(byHour, byWeekday), left };
}

/** Of the hours of a week, from its first day on. */
function hazardsOf(byHour: Float64Array, byWeekday: Float64Array): Float64Array {
  const hazards = new Float64Array(7 * HOURS);
  for (let i = 0; i < hazards.length; i++)
    hazards[i] = -Math.log(1 - Math.min(SURE, at(byHour, i % HOURS) * at(byWeekday, Math.floor(i / HOURS))));
  return hazards;
}

function hazardOf(hazards: Float64Array, slot: number): number {
  return at(hazards, ((slot % hazards.length) + hazards.length) % hazards.length);
}

/** Between two moments; of the hour of the first one `left` counts. */
function expected(hazards: Float64Array, fromMs: number, untilMs: number, left: number): number {
  let sum = 0;
  for (let time = fromMs; time < untilMs; ) {
    const slot = Math.floor(time / HOUR_MS);
    const end = Math.min(untilMs, (slot + 1) * HOUR_MS);
    sum += ((end - time) / HOUR_MS) * hazardOf(hazards, slot) * (time === fromMs ? left : 1);
    time = end;
  }
  return sum;
}

function within({ hazards, left }: Chances, lastMs: number, nowMs: number): Within {
  const first = Math.floor(nowMs / HOUR_MS);
  const ofWeek = new Float64Array(hazards.length + 1);
  for (let i = 0; i < hazards.length; i++) ofWeek[i + 1] = at(ofWeek, i) + hazardOf(hazards, first + 1 + i);
  const restMs = (first + 1) * HOUR_MS - nowMs;
  const now = hazardOf(hazards, first) * (first === Math.floor(lastMs / HOUR_MS) ? left : 1);
  return (hMs) => {
    if (hMs <= restMs) return 1 - Math.exp((-now * hMs) / HOUR_MS);
    const weeks = Math.floor((hMs - restMs) / WEEK_MS);
    const slots = (hMs - restMs - weeks * WEEK_MS) / HOUR_MS;
    const whole = Math.min(hazards.length - 1, Math.floor(slots));
    const before = at(ofWeek, whole);
    const passing =
      (now * restMs) / HOUR_MS +
      weeks * at(ofWeek, hazards.length) +
      before +
      (slots - whole) * (at(ofWeek, whole + 1) - before);
    return 1 - Math.exp(-passing);
  };
}

function hourOfDay(slot: number): number {
  return ((slot % HOURS) + HOURS) % HOURS;
}

/** 0: Thursday, as was the first day of 1970. */
function weekdayOf(slot: number): number {
  return ((Math.floor(slot / HOURS) % 7) + 7) % 7;
}
