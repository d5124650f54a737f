import test from 'ava';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { begunDrift, seenBy, stays } from '../../../src/prediction/occurrence/drift-hypothesis.ts';
import { hiddenDrift } from '../../../src/prediction/occurrence/hidden-drift.ts';
import { type Fit, finished, type Past, type Seen } from '../../../src/prediction/occurrence/model.ts';
import { type LearnedChanges, learnedChanges } from '../../../src/prediction/occurrence/next-change.ts';
import { normal } from '../processes.ts';

const PERIOD = 100_000;

/** Ticks by the clock, each change late on its own. */
function cron(random: Random, count: number, jitter: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => (i + 1) * PERIOD + Math.abs(normal(random)) * jitter * PERIOD,
  );
}

/** What looks at these moments see of the changes. */
function seenAt(times: readonly number[], looks: readonly number[]): Seen[] {
  const found: Seen[] = [];
  let next = 0;
  let before = 0;
  for (const look of looks) {
    if ((times[next] ?? Number.POSITIVE_INFINITY) <= look) found.push([before, look]);
    while ((times[next] ?? Number.POSITIVE_INFINITY) <= look) next++;
    before = look;
  }
  return found;
}

function pastOf(changes: readonly Seen[]): Past {
  const lowMs = Float64Array.from(changes, ([low]) => low);
  const highMs = Float64Array.from(changes, ([, high]) => high);
  return { lowMs, highMs, middleMs: lowMs.map((low, i) => (low + (highMs[i] ?? 0)) / 2) };
}

function learn(changes: readonly Seen[], earlier?: Fit): Fit {
  const learnt = hiddenDrift.learn(pastOf(changes), earlier);
  return typeof learnt === 'function' ? learnt : finished(learnt);
}

/** Looks half a period apart at first, then one a period at the same place of it, which all find a change. */
function looksOf(place: number, periods: number): number[] {
  const first = Array.from({ length: 40 }, (_, i) => (i + 1) * 0.53 * PERIOD);
  const from = Math.ceil((first.at(-1) ?? 0) / PERIOD) + 1;
  return [...first, ...Array.from({ length: periods }, (_, i) => (from + i + place) * PERIOD)];
}

test('a phase once found stays known, however many looks reveal nothing of it', (t) => {
  const times = cron(seededRandom('cron'), 120, 0.01);
  const changes = seenAt(times, looksOf(0.1, 25));
  const lastMs = changes.at(-1)![1];
  const within = learn(changes)(changes.length, lastMs)!;
  // The next change comes 0.9 of a period after the last look.
  const between = within(1.02 * PERIOD) - within(0.7 * PERIOD);
  t.true(between > 0.6, `${between}`);
});

test('a look that came just too early says when the change comes, nearly to the moment', (t) => {
  const times = cron(seededRandom('early'), 120, 0.005);
  const looks = looksOf(0.06, 20);
  const lastMs = looks.at(-1)!;
  const earlyMs = lastMs + 0.93 * PERIOD;
  const foundMs = earlyMs + 0.03 * PERIOD;
  const changes = seenAt(times, [...looks, earlyMs, foundMs]);
  t.deepEqual(changes.at(-1), [earlyMs, foundMs]);
  const within = learn(changes)(changes.length, foundMs)!;
  const between = within(1.03 * PERIOD) - within(0.93 * PERIOD);
  t.true(between > 0.85, `${between}`);
});

test('a look over two periods that found one change or two: both are gone on with', (t) => {
  const drift = begunDrift({ wander: 0.01, jitter: 0 }, PERIOD, 0.02, -0.05 * PERIOD, 0);
  // The second was due right at the look.
  const branches = seenBy(drift, 0, 0.4 * PERIOD, 1.97 * PERIOD);
  t.is(branches.length, 2);
  const next = branches.map((each) => 1 - stays(each, 1.97 * PERIOD, 2.2 * PERIOD)).sort((a, b) => a - b);
  t.true(next[0]! < 0.05 && next[1]! > 0.9, next.join());
  const [one] = seenBy(drift, 0, 0.4 * PERIOD, 1.3 * PERIOD);
  t.true(1 - stays(one!, 1.3 * PERIOD, 1.6 * PERIOD) < 0.05);
});

test('learning goes on from what was learned, and is the same as learning all at once', (t) => {
  const changes = seenAt(cron(seededRandom('on'), 90, 0.02), looksOf(0.1, 50));
  let fit: Fit | undefined;
  for (let known = 4; known <= changes.length; known++) fit = learn(changes.slice(0, known), fit);
  const lastMs = changes.at(-1)![1];
  const [bit, all] = [fit!, learn(changes)].map((each) => each(changes.length, lastMs)!);
  for (const part of [0.8, 0.9, 1])
    t.true(Math.abs(bit!(part * PERIOD) - all!(part * PERIOD)) < 0.15, `${part}`);
  // What tests ask of the past is there, and no more.
  t.not(fit!(changes.length - 20, changes[changes.length - 21]![1]), null);
  t.is(fit!(5, changes[4]![1]), null);
});

test('a clock that is set anew is learned anew', (t) => {
  const times = cron(seededRandom('anew'), 160, 0.01).map((time, i) => (i < 80 ? time : time + 0.5 * PERIOD));
  const random = seededRandom('looks');
  const looks: number[] = [];
  for (let now = 0; now < 150 * PERIOD; looks.push(now)) now += (0.3 + 0.5 * random.next()) * PERIOD;
  const changes = seenAt(times, looks);
  let learned: LearnedChanges | undefined;
  for (let known = 4; known <= changes.length; known++)
    learned = learnedChanges(changes.slice(0, known), changes[known - 1]![1], learned) ?? undefined;
  const lastMs = changes.at(-1)![1];
  const comesMs = times.find((time) => time > lastMs)! - lastMs;
  const medianMs = learned!.at(lastMs).quantile(0.5);
  t.true(Math.abs(medianMs - comesMs) < 0.15 * PERIOD, `${medianMs} ${comesMs}`);
});

test('who was right keeps its weight through looks that reveal nothing', (t) => {
  const changes = seenAt(cron(seededRandom('weight'), 200, 0.01), looksOf(0.1, 140));
  let learned: LearnedChanges | undefined;
  for (let known = 4; known <= changes.length; known++)
    learned = learnedChanges(changes.slice(0, known), changes[known - 1]![1], learned) ?? undefined;
  const spread = (each: LearnedChanges): number => {
    const next = each.at(changes.at(-1)![1]);
    return next.quantile(0.9) - next.quantile(0.1);
  };
  t.true(learned!.passed.some((loss) => loss > 0));
  t.true(spread(learned!) < 0.5 * PERIOD, `${spread(learned!)}`);
});
