import { at, nth } from '../math/at.ts';
import type { Outcome } from './calibration.ts';
import type { Fit, Past } from './model.ts';

/** Changes that models are tested at: some tenths of a millisecond at every change. */
const TESTS = 24;
const LEAST_TESTED = 12;
/** Horizons of the test, in usual intervals; they share one outcome's news, so each counts as part of one. */
const HORIZONS = [0.25, 0.75, 1.5, 4] as const;

/** How models did at moments of the past, each seeing only what was before. */
export interface Tested {
  /** Of each model, in nats. */
  readonly losses: readonly number[];
  /** The same of each change by when it was seen, so that what passes out of the test can be kept. */
  readonly lossesAt: ReadonlyMap<number, readonly number[]>;
  /** Moments' worth of news. */
  readonly questions: number;
  /** Every question of the test: what each model said (NaN: nothing), and what happened. */
  readonly given: readonly {
    readonly probabilities: readonly number[];
    readonly happened: Outcome['happened'];
  }[];
}

/**
 * Log losses at moments of the past. What is known only as an interval is judged where it answers: before it, after it, and at its two ends. Where most looks
 * find a change, nothing is known of the time between: such a look is judged itself, for else there would be no evidence of what changes once between two looks.
 */
export function tested({ lowMs, highMs }: Past, fits: readonly Fit[], nowMs: number, usual: number): Tested {
  const losses = fits.map(() => 0);
  const lossesAt = new Map<number, readonly number[]>();
  const given: { probabilities: number[]; happened: boolean }[] = [];
  const count = highMs.length;
  /** A look right after a change that found the next one: that is all it says. */
  const isOnlyFound = (known: number): boolean =>
    known < count && at(lowMs, known) === at(highMs, known - 1) && at(highMs, known) > at(lowMs, known);
  const first = Math.max(LEAST_TESTED, count - TESTS);
  let questions = 0;
  let onlyFound = 0;
  for (let known = first; known < count; known++) if (isOnlyFound(known)) onlyFound++;
  const areMostOnlyFound = 2 * onlyFound > count - first;
  for (let known = first; known <= count; known++) {
    const low = known < count ? at(lowMs, known) : nowMs;
    const high = known < count ? at(highMs, known) : Number.POSITIVE_INFINITY;
    const before = [...losses];
    // Right after a change, and in the middle of a usual interval, if none had come by then.
    for (const wait of [0, 0.5 * usual]) {
      const moment = at(highMs, known - 1) + wait;
      const isLookItself = areMostOnlyFound && wait === 0 && isOnlyFound(known);
      if (low <= moment && !isLookItself) continue;
      const fitted = fits.map((each) => each(known, moment));
      const ends = HORIZONS.map((horizon) => moment + horizon * usual);
      const news = isLookItself ? 1 : 1 / HORIZONS.length;
      const asked = isLookItself ? [high] : low < high && known < count ? [...ends, low, high] : ends;
      for (const until of asked) {
        const happened = high <= until;
        if (!happened && until > low) continue;
        const probabilities = fitted.map((model) => model?.(until - moment) ?? Number.NaN);
        // Who has nothing to say is judged as the memoryless model.
        probabilities.forEach((probability, i) => {
          const said = Number.isNaN(probability) ? nth(probabilities, 0) : probability;
          losses[i] = nth(losses, i) + news * logLoss(said, happened);
        });
        questions += news;
        given.push({ probabilities, happened });
      }
    }
    if (known < count)
      lossesAt.set(
        high,
        losses.map((loss, i) => loss - nth(before, i)),
      );
  }
  return { losses, lossesAt, given, questions };
}

function logLoss(probability: number, happened: boolean): number {
  const p = Math.min(Math.max(probability, 0.005), 0.995);
  return -Math.log(happened ? p : 1 - p);
}
