import { at, nth } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { calibration } from './calibration.ts';
import { daily } from './daily.ts';
import { gammaRenewal } from './gamma-renewal.ts';
import { hiddenDrift } from './hidden-drift.ts';
import { hiddenRenewal } from './hidden-renewal.ts';
import { hiddenTimetable } from './hidden-timetable.ts';
import {
  type Fit,
  finished,
  intervalsOf,
  type OccurrenceModel,
  type Past,
  type Seen,
  type Within,
  type Work,
} from './model.ts';
import { poisson } from './poisson.ts';
import { renewal } from './renewal.ts';
import { type Tested, tested } from './tested.ts';
import { timetable } from './timetable.ts';

/** When the next change comes, as seen now. */
export interface NextChange {
  /** Name of the model that carries most of the weight. */
  readonly model: string;
  /** Log loss that the best model saved at past moments against the memoryless one, in nats: in all, and a question. 0: not tested, or nothing. */
  readonly gain: { readonly total: number; readonly each: number };
  /** Median of the times between changes seen, ms. */
  readonly usualMs: number;
  /** Probability of a change within `hMs` from now; rises with it. */
  within(hMs: number): number;
  /** The moment by which a change has come with this probability, ms from now; infinite beyond a hundred usual intervals. */
  quantile(probability: number): number;
}

/** What was learned of a past. */
export interface LearnedChanges {
  /** As seen at a later moment, nothing having come since. */
  at(nowMs: number): NextChange;
  /** Of each model, to go on from. */
  readonly fits: readonly Fit[];
  /** Losses of each model in the tests, by change, and of those that have passed out of them. */
  readonly lossesAt: ReadonlyMap<number, readonly number[]>;
  readonly passed: readonly number[];
}

const MODELS: readonly OccurrenceModel[] = [
  poisson,
  gammaRenewal,
  renewal,
  daily,
  timetable,
  hiddenRenewal,
  hiddenDrift,
  hiddenTimetable,
];
/** What a loss that has passed out of the tests still counts after another one. */
const KEPT = 0.98;
/** Changes that models are fitted to. */
const MOST = 512;

/**
 * Distribution of the time of the next change from the times of past ones. Models are tested at moments of the past, each seeing only what
 * was before, and weighted by their log loss (Bayesian model averaging; prequential: Dawid 1984); the mixture is recalibrated on the same
 * outcomes. Null: fewer than two changes at different times. Times later than `nowMs` are an error of the caller and left out.
 */
export function nextChange(changes: readonly Seen[], nowMs: number): NextChange | null {
  const learned = learnedChanges(changes, nowMs);
  return learned === null ? null : learned.at(nowMs);
}

/**
 * The same in two steps: the tests, which take milliseconds, are made once and hold until there is another change; what it returns asks again at a
 * later moment, in microseconds. `earlier`: what was learned of a past that this one continues.
 */
export function learnedChanges(
  changes: readonly Seen[],
  learnedMs: number,
  earlier?: LearnedChanges,
): LearnedChanges | null {
  return finished(learningChanges(changes, learnedMs, earlier));
}

/** The same in pieces. */
export function* learningChanges(
  changes: readonly Seen[],
  learnedMs: number,
  earlier?: LearnedChanges,
): Work<LearnedChanges | null> {
  const past = pastOf(changes, learnedMs);
  const intervals = intervalsOf(past.middleMs);
  if (intervals.length === 0) return null;
  const usual = median(intervals);
  const fits = yield* fitted(past, earlier);
  yield;
  const { losses, lossesAt, given, questions } = tested(past, fits, learnedMs, usual);
  const passed = passedOf(earlier, lossesAt, past);
  const all = losses.map((loss, i) => loss + nth(passed, i));
  // What was learned depends on the moment only in which models have something to say then.
  const learnedOf = new Map<string, Learned>();
  const question = (nowMs: number): NextChange => {
    const said = fits.map((each) => each(past.highMs.length, nowMs));
    const silent = said.map((each) => each === null).join();
    const known = learnedOf.get(silent);
    const best = Math.min(...losses.filter((_, i) => said[i] !== null));
    const total = Math.max(0, nth(losses, 0) - best);
    const gain = { total, each: questions === 0 ? 0 : total / questions };
    const { weights, corrected } = known ?? learnedFrom(all, given, said);
    if (known === undefined) learnedOf.set(silent, { weights, corrected });
    const within: Within = (hMs) =>
      hMs <= 0
        ? 0
        : corrected(
            mixture(
              said.map((model) => model?.(hMs) ?? Number.NaN),
              weights,
            ),
          );
    return {
      gain,
      usualMs: usual,
      model: MODELS[weights.indexOf(Math.max(...weights))]?.name ?? 'poisson',
      within,
      quantile: (probability) => inverse(within, probability, usual),
    };
  };
  return { at: question, fits, lossesAt, passed };
}

/**
 * Where looks always find a change, nothing is learned of models for long: who was right before is not forgotten at once. Changes known to the moment each say
 * something, and the last ones say it best.
 */
function passedOf(
  earlier: LearnedChanges | undefined,
  lossesAt: Tested['lossesAt'],
  { lowMs, highMs }: Past,
): readonly number[] {
  const none = MODELS.map(() => 0);
  if (earlier === undefined || highMs.every((high, i) => high === at(lowMs, i))) return none;
  if (![...earlier.lossesAt.keys()].some((seenMs) => highMs.includes(seenMs))) return none;
  let passed = earlier.passed;
  for (const [seenMs, losses] of earlier.lossesAt)
    if (!lossesAt.has(seenMs)) passed = passed.map((sum, i) => KEPT * sum + nth(losses, i));
  return passed;
}

/** Apart, so that what is kept does not keep what was before it. */
function* fitted(past: Past, earlier: LearnedChanges | undefined): Work<readonly Fit[]> {
  const fits: Fit[] = [];
  for (const [i, model] of MODELS.entries()) {
    const learnt = model.learn(past, earlier?.fits[i]);
    fits.push(typeof learnt === 'function' ? learnt : yield* learnt);
  }
  return fits;
}

interface Learned {
  readonly weights: readonly number[];
  readonly corrected: (probability: number) => number;
}

function learnedFrom(
  losses: readonly number[],
  given: Tested['given'],
  fitted: readonly (Within | null)[],
): Learned {
  const weights = weightsOf(losses, fitted);
  const corrected = calibration(
    given.map(({ probabilities, happened }) => ({ probability: mixture(probabilities, weights), happened })),
  );
  return { weights, corrected };
}

/** Up to `nowMs`, in order, none beginning before the one before it ends. */
function pastOf(changes: readonly Seen[], nowMs: number): Past {
  const sorted = changes
    .filter(([, high]) => high <= nowMs)
    .sort((a, b) => a[1] - b[1])
    .slice(-MOST);
  const highMs = Float64Array.from(sorted, ([, high]) => high);
  const lowMs = Float64Array.from(sorted, ([low, high], i) =>
    Math.min(high, i === 0 ? low : Math.max(low, at(highMs, i - 1))),
  );
  return { lowMs, highMs, middleMs: lowMs.map((low, i) => (low + at(highMs, i)) / 2) };
}

function weightsOf(losses: readonly number[], fitted: readonly (Within | null)[]): readonly number[] {
  const least = Math.min(...losses.filter((_, i) => fitted[i] !== null));
  const raw = losses.map((loss, i) => (fitted[i] === null ? 0 : Math.exp(least - loss)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}

function mixture(probabilities: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  let total = 0;
  probabilities.forEach((probability, i) => {
    if (Number.isNaN(probability)) return;
    sum += nth(weights, i) * probability;
    total += nth(weights, i);
  });
  return total > 0 ? sum / total : nth(probabilities, 0);
}

function inverse(within: Within, probability: number, usual: number): number {
  let high = usual;
  while (within(high) < probability) {
    high *= 2;
    if (high > 100 * usual) return Number.POSITIVE_INFINITY;
  }
  let low = 0;
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (within(middle) < probability) low = middle;
    else high = middle;
  }
  return high;
}
