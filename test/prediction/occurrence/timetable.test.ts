import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import type { Seen, Within } from '../../../src/prediction/occurrence/model.ts';
import { timetable } from '../../../src/prediction/occurrence/timetable.ts';

const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;
const weeks = 6;

/** As the model has it after these changes, `widthMs` being known of each. */
function said(changesMs: readonly number[], nowMs: number, widthMs = 0): Within | null {
  const seen = changesMs.map((time): Seen => [time, time + widthMs]);
  const past = {
    lowMs: Float64Array.from(seen, ([low]) => low),
    highMs: Float64Array.from(seen, ([, high]) => high),
    middleMs: Float64Array.from(changesMs),
  };
  const learned = timetable.learn(past);
  return typeof learned === 'function' ? learned(seen.length, nowMs) : null;
}

/** At half past six, on the first five days of each week. */
function workdays(): number[] {
  return Array.from({ length: 7 * weeks }, (_, i) => i)
    .filter((i) => i % 7 < 5)
    .map((i) => i * day + 6.5 * hour);
}

test('a job of workdays: not again today, in its hour tomorrow, and not on a day off', (t) => {
  const monday = said([...workdays(), weeks * week + 6.5 * hour], weeks * week + 6.6 * hour);
  if (monday === null) return t.fail();
  t.true(monday(20 * hour) < 0.15, String(monday(20 * hour)));
  t.true(monday(24.4 * hour) > 0.8, String(monday(24.4 * hour)));
  const saturday = said(workdays(), weeks * week - 2 * day + hour);
  if (saturday === null) return t.fail();
  t.true(saturday(day) < 0.5, String(saturday(day)));
  t.true(saturday(2.5 * day) > 0.8, String(saturday(2.5 * day)));
});

test('days that are left out by chance: the chance of a day is how often it had a change', (t) => {
  const random = seededRandom('left out');
  const changes = Array.from({ length: 56 }, (_, i) => i * day + 6.5 * hour).filter(() => random.chance(0.6));
  const next = said(changes, 56 * day + hour)?.(day) ?? Number.NaN;
  t.true(next > 0.35 && next < 0.85, String(next));
});

test('silent where hours are not known, and of too few changes or too many', (t) => {
  const now = weeks * week;
  t.not(said(workdays(), now, hour), null);
  t.is(said(workdays(), now, 6 * hour), null);
  t.is(said(workdays().slice(-8), now), null);
  const often = Array.from({ length: 20 * 48 }, (_, i) => now - 20 * day + i * 0.5 * hour);
  t.is(said(often, now), null);
});

test('it rises through the hours and the weeks', (t) => {
  const now = weeks * week - 3.3 * hour;
  const within = said(workdays(), now);
  let before = 0;
  for (let h = 0; h < 30 * day; h += 0.37 * hour) {
    const chance = within?.(h) ?? Number.NaN;
    t.true(chance >= before && chance <= 1, `${h}`);
    before = chance;
  }
});
