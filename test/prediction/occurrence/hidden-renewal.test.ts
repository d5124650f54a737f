import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import type { Seen } from '../../../src/prediction/occurrence/model.ts';
import {
  type LearnedChanges,
  learnedChanges,
  learningChanges,
  nextChange,
} from '../../../src/prediction/occurrence/next-change.ts';
import { normal } from '../processes.ts';

const PERIOD = 100_000;

function clockwork(random: Random, count: number, periodMs = PERIOD, noise = 0.02): number[] {
  const times: number[] = [];
  for (let now = 0; times.length < count; times.push(now)) now += periodMs * (1 + noise * normal(random));
  return times;
}

/** What looks every `everyMs` see of them. */
function seen(times: readonly number[], everyMs: number): Seen[] {
  const found: Seen[] = [];
  let next = 0;
  for (let look = everyMs; next < times.length; look += everyMs) {
    if ((times[next] ?? 0) > look) continue;
    found.push([look - everyMs, look]);
    while ((times[next] ?? Number.POSITIVE_INFINITY) <= look) next++;
  }
  return found;
}

/** Between the moments before which the change comes with 10 % and with 90 %, mean over the last forty changes. */
function widthMs(changes: readonly Seen[]): number {
  let sum = 0;
  for (let known = changes.length - 40; known < changes.length; known++) {
    const next = nextChange(changes.slice(0, known), changes[known - 1]?.[1] ?? 0);
    sum += next === null ? Number.NaN : next.quantile(0.9) - next.quantile(0.1);
  }
  return sum / 40;
}

test('clockwork seen through looks half a period apart is known closer than they are, by what they rule out together', (t) => {
  const changes = seen(clockwork(seededRandom('half'), 100, PERIOD, 0.01), 0.47 * PERIOD);
  const width = widthMs(changes);
  t.true(width < 0.28 * PERIOD, `${width}`);
  // The same taken for moments: the middles of the intervals.
  const middles = changes.map(([low, high]) => [(low + high) / 2, (low + high) / 2] as const);
  t.true(widthMs(middles) > 1.5 * width, `${widthMs(middles)}`);
});

test('what is said of clockwork seen through looks happens about as often', (t) => {
  const times = clockwork(seededRandom('said'), 160, PERIOD, 0.05);
  const changes = seen(times, 0.43 * PERIOD);
  let said = 0;
  let happened = 0;
  let brier = 0;
  let questions = 0;
  let learned: LearnedChanges | undefined;
  for (let known = 40; known < changes.length; known++) {
    const nowMs = changes[known - 1]?.[1] ?? 0;
    learned = learnedChanges(changes.slice(0, known), nowMs, learned) ?? undefined;
    const comes = times.find((time) => time > nowMs) ?? 0;
    for (const part of [0.4, 0.7, 1]) {
      const probability = learned?.at(nowMs).within(part * PERIOD) ?? Number.NaN;
      const outcome = comes <= nowMs + part * PERIOD ? 1 : 0;
      said += probability;
      happened += outcome;
      brier += (probability - outcome) ** 2;
      questions++;
    }
  }
  t.true(Math.abs(said - happened) / questions < 0.06, `${said} ${happened} of ${questions}`);
  // Always saying how often it happens on the whole: 0.2 and more.
  t.true(brier / questions < 0.13, `${brier / questions}`);
});

test('a look that finds nothing is believed: the change is later, and soon', (t) => {
  const changes = seen(clockwork(seededRandom('nothing'), 90), 0.47 * PERIOD);
  const lastMs = changes.at(-1)?.[1] ?? 0;
  const learned = learnedChanges(changes, lastMs);
  if (learned === null) return t.fail();
  const early = learned.at(lastMs).quantile(0.5);
  const waited = learned.at(lastMs + early);
  t.true(waited.quantile(0.5) < 0.2 * PERIOD, `${waited.quantile(0.5)}`);
  t.true(waited.within(0.3 * PERIOD) > 0.8);
});

test('a resource that became faster is noticed, learning change by change', (t) => {
  const random = seededRandom('faster');
  const slow = clockwork(random, 60);
  const faster = clockwork(random, 60, 0.7 * PERIOD).map((time) => time + (slow.at(-1) ?? 0));
  const changes = seen([...slow, ...faster], 0.3 * PERIOD);
  let learned: LearnedChanges | undefined;
  for (let known = 4; known <= changes.length; known++) {
    const nowMs = changes[known - 1]?.[1] ?? 0;
    learned = learnedChanges(changes.slice(0, known), nowMs, learned) ?? undefined;
  }
  const nowMs = changes.at(-1)?.[1] ?? 0;
  // The last change came up to a look before.
  const median = learned?.at(nowMs).quantile(0.5) ?? Number.NaN;
  t.true(median > 0.35 * PERIOD && median < 0.75 * PERIOD, `${median}`);
});

test('learning in pieces: many of them, and the same is learnt', (t) => {
  const changes = seen(clockwork(seededRandom('pieces'), 60), 0.4 * PERIOD);
  const lastMs = changes.at(-1)?.[1] ?? 0;
  const work = learningChanges(changes, lastMs);
  let pieces = 0;
  let step = work.next();
  for (; step.done !== true; step = work.next()) pieces++;
  t.true(pieces > 30, `${pieces}`);
  t.is(step.value?.at(lastMs).quantile(0.5), learnedChanges(changes, lastMs)?.at(lastMs).quantile(0.5));
});

test('intervals that overlap, moments and one interval thousands of times as long do no harm', (t) => {
  const changes: Seen[] = [
    [0, 10],
    [5, 20],
    [20, 20],
    [20, 20],
    [25, 1_000_000],
    [1_000_000, 1_000_010],
    [1_000_010, 1_000_020],
  ];
  const next = nextChange(changes, 1_000_020);
  let before = 0;
  for (const hMs of [1, 10, 100, 10_000, 10_000_000]) {
    const p = next?.within(hMs) ?? Number.NaN;
    t.true(p >= before && p <= 1, `${hMs}: ${p}`);
    before = p;
  }
});

test('looks that find a change every time are evidence of regular changes; of changes without memory there is none', (t) => {
  const regular = seen(clockwork(seededRandom('every time'), 60), 1.05 * PERIOD);
  const { gain } = nextChange(regular, regular.at(-1)![1])!;
  t.true(gain.each > 0.15 && gain.total > 4, `${gain.each} ${gain.total}`);
  let proven = 0;
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(`any time ${seed}`);
    const times: number[] = [];
    for (let now = 0; times.length < 60; times.push(now)) now -= Math.log(1 - random.next()) * PERIOD;
    const irregular = seen(times, 1.05 * PERIOD);
    const found = nextChange(irregular, irregular.at(-1)![1])!.gain;
    if (found.each >= 0.15 && found.total >= 4) proven++;
  }
  t.true(proven <= 1, `${proven}`);
});
