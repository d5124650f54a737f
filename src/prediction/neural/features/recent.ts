import type { Batch, NetworkSize } from '../network.ts';
import type { Seasons } from './seasons.ts';
import { meanBefore, squash, type Tail, valueAt } from './tail.ts';

/** What the encoder sees of one step; see `writeRecent`. */
export const recentFeatures = 6;
/** Steps of older history that one step of the encoder sees summed up. */
const blockSteps = 9;
/** Steps whose changes make the noise. */
const noiseSteps = 96;

/** Mean absolute change from one step to the next, not less than a hundredth of the scale. */
export function noiseOf({ values, end }: Tail, scale: number): number {
  let noise = 0;
  for (let index = end - noiseSteps; index < end; index++)
    noise += Math.abs(valueAt(values, index) - valueAt(values, index - 1));
  return Math.max(noise / noiseSteps, 0.01 * scale);
}

/**
 * The last steps, for the encoder: the value, its change, its difference from the season before and from the long season before, the mean of a
 * block of older history (the blocks together reach back `blockSteps` times as far), and whether it is before the beginning.
 */
export function writeRecent(
  { steps, features }: NetworkSize,
  { windows, recent }: Batch,
  window: number,
  tail: Tail,
  { short, long }: Seasons,
  level: number,
  scale: number,
  noise: number,
): void {
  const { values, end } = tail;
  for (let step = 0; step < steps; step++) {
    const index = end - steps + step;
    const value = valueAt(values, index);
    const at = (step * windows + window) * features;
    recent[at] = squash((value - level) / scale);
    recent[at + 1] = squash((value - valueAt(values, index - 1)) / noise);
    recent[at + 2] = short === 0 ? 0 : squash((value - valueAt(values, index - short)) / scale);
    recent[at + 3] = long === 0 ? 0 : squash((value - valueAt(values, index - long)) / scale);
    const blockEnd = end - (steps - 1 - step) * blockSteps;
    recent[at + 4] = squash((meanBefore(tail, blockEnd, blockSteps) - level) / scale);
    recent[at + 5] = index < 0 ? 1 : 0;
  }
}
