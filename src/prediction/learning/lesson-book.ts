import type { Random } from '../../foundation/random.ts';
import type { TrainingSeries } from '../neural/sampler.ts';
import { ratesOf } from '../series/counter.ts';
import { profileOf } from '../series/profile.ts';
import { horizonsOf, leastTrained, type RoundOptions } from './options.ts';
import type { StoredSeries, Window } from './stored-series.ts';

/** A series whose last `heldOut` values are for judging alone. */
export interface JudgedSeries extends TrainingSeries {
  readonly name: string;
  readonly heldOut: number;
}

/** What one round learns from and what it is judged on. No value of `judged`'s held-out ends is in `training`. */
export interface LessonBook {
  readonly training: readonly TrainingSeries[];
  readonly judged: readonly JudgedSeries[];
  /** Values to learn from, each counted once. */
  readonly samples: number;
}

type Options = Pick<RoundOptions, 'horizon' | 'shortest' | 'heldOut' | 'series'>;

/**
 * Draws series and divides each: everything before its held-out end, the older windows and what failovers showed are to learn from, as far as they are
 * older than that end. Seasons and kind are found in what is to learn from alone. Constants are left out; counters are learnt as rates.
 */
export async function lessonBook(
  stored: Iterable<readonly [string, StoredSeries]>,
  options: Options,
  random: Random,
  breathe: () => Promise<void> = async () => {},
): Promise<LessonBook> {
  const training: TrainingSeries[] = [];
  const judged: JudgedSeries[] = [];
  let samples = 0;
  for (const [name, series] of drawn([...stored], options.series, random)) {
    const lesson = divide(series, options);
    await breathe();
    if (lesson === null) continue;
    const { whole, heldOut, seasons, parts } = lesson;
    judged.push({ name, values: whole, seasons, heldOut });
    for (const { values, copies } of parts) {
      samples += values.length;
      for (let copy = 0; copy < copies; copy++) training.push({ values, seasons });
    }
  }
  return { training, judged, samples };
}

interface Lesson {
  readonly whole: Float64Array;
  readonly heldOut: number;
  readonly seasons: readonly number[];
  readonly parts: readonly { readonly values: Float64Array; readonly copies: number }[];
}

/** Null: too short, or nothing to learn from it. */
function divide(series: StoredSeries, options: Options): Lesson | null {
  const { recent, stepMs, older, shown } = series;
  const { length } = recent.values;
  const heldOut = Math.max(2 * options.horizon, Math.floor(length * options.heldOut));
  const known = length - heldOut;
  if (known < leastTrained(options)) return null;
  const past = { values: recent.values.subarray(0, known), stepMs, endMs: recent.endMs - heldOut * stepMs };
  const { kind, seasons } = profileOf(past);
  if (kind === 'constant') return null;
  const asLearnt = (values: Float64Array): Float64Array =>
    kind === 'counter' ? ratesOf({ ...past, values }).values : values;
  const parts = [{ values: asLearnt(past.values), copies: 1 }];
  const least = options.shortest + Math.max(...horizonsOf(options));
  const add = ({ values }: Window, copies: number): void => {
    const learnt = asLearnt(values);
    if (learnt.length >= least) parts.push({ values: learnt, copies });
  };
  // An older window that reaches into the recent values would count twice.
  for (const window of older) if (window.endMs < series.recentFromMs) add(window, 1);
  for (const window of shown) if (window.endMs <= past.endMs) add(window, window.copies);
  return { whole: asLearnt(recent.values), heldOut, seasons, parts };
}

/** Up to `most` of them, each as likely as any other. */
function drawn<T>(all: T[], most: number, random: Random): readonly T[] {
  if (all.length <= most) return all;
  const pool = [...all];
  return Array.from({ length: most }, () => {
    const [taken] = pool.splice(random.below(pool.length), 1);
    return taken;
  }).filter((each) => each !== undefined);
}
