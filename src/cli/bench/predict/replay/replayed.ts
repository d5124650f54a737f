import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../../../foundation/errors.ts';
import { seededRandom } from '../../../../foundation/random.ts';
import { readSeries } from '../../../forecasting/read-series.ts';

/** A stretch of a real series as a key of the state: its value at step t is `values[t]`. */
export interface Replayed {
  readonly key: string;
  readonly values: Float64Array;
  /** How far the series moves in a dozen steps, on average over the stretch; by this its errors are measured. */
  readonly scale: number;
}

export const replayPrefix = 'series/';
const moveSteps = 12;

/**
 * `copies` stretches of `steps` values from each CSV file of the folder, at places drawn from the seed. Stretches that do not move are left out: nothing
 * could be won or lost on them. Errors: `invalid-argument`, those of the files.
 */
export async function replayedSeries(
  folder: string,
  { copies, steps, seed }: { readonly copies: number; readonly steps: number; readonly seed: number },
): Promise<readonly Replayed[]> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.csv')).sort();
  if (files.length === 0)
    throw new TanistError('invalid-argument', `--data: there is no CSV file in ${folder}`);
  const random = seededRandom(`replay ${seed}`);
  const found: Replayed[] = [];
  for (const file of files) {
    const { name, history } = await readSeries(join(folder, file));
    const { values } = history;
    if (values.length < steps) continue;
    for (let copy = 0; copy < copies; copy++) {
      const from = random.below(values.length - steps + 1);
      const stretch = values.slice(from, from + steps);
      const scale = movement(stretch);
      if (scale > 0) found.push({ key: `${replayPrefix}${name}/${copy}`, values: stretch, scale });
    }
  }
  if (found.length === 0)
    throw new TanistError('invalid-argument', `--data: no series in ${folder} has ${steps} values that move`);
  return found;
}

function movement(values: Float64Array): number {
  let sum = 0;
  for (let i = moveSteps; i < values.length; i++)
    sum += Math.abs((values[i] ?? 0) - (values[i - moveSteps] ?? 0));
  return sum / (values.length - moveSteps);
}

/** What a key is at a moment, with its models and without. */
export interface Judged {
  readonly held: number;
  /** Null: nothing was predicted of it. */
  readonly predicted: number | null;
  readonly truth: number;
  readonly scale: number;
}

export interface ReplayErrors {
  /** Means over the keys, in parts of how far each series moves in a dozen steps. */
  readonly without: number;
  readonly with: number;
  readonly predictedShare: number;
}

/** A key of which nothing is predicted counts with what is held in both. */
export function errorsOf(judged: readonly Judged[]): ReplayErrors {
  let [without, withPrediction, predicted] = [0, 0, 0];
  for (const { held, predicted: value, truth, scale } of judged) {
    without += Math.abs(held - truth) / scale;
    withPrediction += Math.abs((value ?? held) - truth) / scale;
    if (value !== null) predicted++;
  }
  const { length } = judged;
  return {
    without: without / length,
    with: withPrediction / length,
    predictedShare: predicted / length,
  };
}
