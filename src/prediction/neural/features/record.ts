import { absent, indexOfReference, references, standIn } from './references.ts';
import type { Seasons } from './seasons.ts';
import { largestRatio, type Tail, valueAt } from './tail.ts';

/** Moments of the past that the record of the references is taken at, and the steps between two. */
const moments = 24;
const stride = 2;

/**
 * How each reference did lately: its mean absolute error `lead` steps ahead, in units of `scale`. One too costly to follow has the record of its
 * likes, one that the series does not have that of the stand-in.
 */
export function recordOf(tail: Tail, seasons: Seasons, scale: number, lead: number): Float64Array {
  const { values, end } = tail;
  const followed = references.flatMap((reference, index) =>
    reference.record !== undefined || absent(reference, seasons) ? [] : [{ index, reference }],
  );
  const errors = new Float64Array(references.length);
  let seen = 0;
  for (; seen < moments; seen++) {
    const target = end - 1 - seen * stride;
    const origin = target - lead + 1;
    if (origin < 2) break;
    const truth = valueAt(values, target);
    for (const { index, reference } of followed)
      errors[index] = (errors[index] ?? 0) + Math.abs(truth - reference.at(tail, origin, target, seasons));
  }
  // Too short to tell: all alike.
  if (seen === 0) return errors.fill(1);
  return errors.map((_, index) =>
    Math.min(largestRatio, (errors[recordIndex(index, seasons)] ?? 0) / seen / scale),
  );
}

function recordIndex(index: number, seasons: Seasons): number {
  const reference = references[index];
  if (reference === undefined || absent(reference, seasons)) return standIn;
  return reference.record === undefined ? index : (indexOfReference.get(reference.record) ?? index);
}
