import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { hiddenTimetable } from '../../../src/prediction/occurrence/hidden-timetable.ts';
import { type Fit, finished, type Past, type Seen } from '../../../src/prediction/occurrence/model.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** What looks every so often see of the changes. */
function seenEvery(everyMs: number, times: readonly number[], untilMs: number): Seen[] {
  const found: Seen[] = [];
  for (let look = everyMs; look <= untilMs; look += everyMs)
    if (times.some((time) => time > look - everyMs && time <= look)) found.push([look - everyMs, look]);
  return found;
}

function learn(changes: readonly Seen[], earlier?: Fit): Fit {
  const lowMs = Float64Array.from(changes, ([low]) => low);
  const highMs = Float64Array.from(changes, ([, high]) => high);
  const past: Past = { lowMs, highMs, middleMs: lowMs.map((low, i) => (low + (highMs[i] ?? 0)) / 2) };
  const learnt = hiddenTimetable.learn(past, earlier);
  return typeof learnt === 'function' ? learnt : finished(learnt);
}

/** At half past six, four days in five. */
function mornings(days: number): number[] {
  const random = seededRandom('mornings');
  return Array.from({ length: days }, (_, i) => i * day + 6.5 * hour).filter(() => random.chance(0.8));
}

test('looks most of a day apart, at other hours each time, tell the hour together', (t) => {
  const changes = seenEvery(17 * hour, mornings(70), 69 * day);
  t.true(changes.every(([low, high]) => high - low >= 17 * hour));
  const nowMs = 70 * day;
  const within = learn(changes)(changes.length, nowMs);
  if (within === null) return t.fail();
  t.true(within(5.5 * hour) < 0.2, String(within(5.5 * hour)));
  t.true(within(7.5 * hour) > 0.6, String(within(7.5 * hour)));
  t.true(within(day) < 0.97, String(within(day)));
});

test('what was learned is gone on from, and says of a change what was said before', (t) => {
  const changes = seenEvery(17 * hour, mornings(70), 69 * day);
  const first = learn(changes.slice(0, -3));
  const later = learn(changes, first);
  const known = changes.length - 5;
  const [, seenMs] = changes[known - 1]!;
  const horizons = [1, 6, 12, 24].map((hours) => hours * hour);
  t.deepEqual(
    horizons.map((hMs) => later(known, seenMs)?.(hMs)),
    horizons.map((hMs) => first(known, seenMs)?.(hMs)),
  );
  const within = later(changes.length, 70 * day);
  t.true((within?.(7.5 * hour) ?? 0) - (within?.(5.5 * hour) ?? 1) > 0.5);
});

test('silent of few changes, of too many a day, and where changes are known to the moment', (t) => {
  const few = seenEvery(17 * hour, mornings(8), 7 * day);
  t.is(learn(few)(few.length, 8 * day), null);
  const often = Array.from({ length: 200 }, (_, i): Seen => [i * hour, (i + 1) * hour]);
  t.is(learn(often)(often.length, 200 * hour), null);
  const dated = mornings(40).map((time): Seen => [time, time]);
  t.is(learn(dated)(dated.length, 40 * day), null);
});
