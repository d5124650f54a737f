import { present } from '../../../foundation/assert.ts';
import type { NetworkSize } from '../network.ts';
import { absent, indexOfReference, references, standIn } from './references.ts';
import { leastTail, type Seasons } from './seasons.ts';
import { largestRatio, meanBefore, medianBefore, squash, type Tail, valueAt } from './tail.ts';

/** Facts of a target besides those of its references. */
const extraFacts = 12;
/** Moments of the past that the record of the references is taken at, and the steps between two. */
const recordMoments = 24;
const recordStride = 2;
/** Steps of older history that one step of the encoder sees summed up. */
const blockSteps = 9;

/** The sizes that follow from the features; `hidden` and `inner` are the model's. */
export function networkSize(hidden: number, inner: number): NetworkSize {
  return {
    steps: 32,
    features: 6,
    hidden,
    references: references.length,
    facts: 2 * references.length + extraFacts,
    inner,
  };
}

/** Input arrays of a batch, as the graphs want them. */
export interface Batch {
  readonly windows: number;
  readonly targets: number;
  readonly recent: Float32Array;
  readonly facts: Float32Array;
  readonly references: Float32Array;
}

export function emptyBatch(size: NetworkSize, windows: number, targets: number): Batch {
  return {
    windows,
    targets,
    recent: new Float32Array(size.steps * windows * size.features),
    facts: new Float32Array(windows * targets * size.facts),
    references: new Float32Array(windows * targets * size.references),
  };
}

/** How to bring forecasts of a window back to the series' unit: `level + scale · forecast`. */
export interface Normal {
  readonly level: number;
  readonly scale: number;
  /** Mean absolute error of the last value in the recent past, in scales: the measure that training weighs errors by. */
  readonly naiveError: number;
}

/**
 * Level and spread of the recent past. A window without any spread has scale 0: there is nothing to learn from it and its last value
 * is its forecast.
 */
function normalOf(tail: Tail, seasons: Seasons): Omit<Normal, 'naiveError'> {
  const { values, end } = tail;
  const span = Math.min(end, Math.max(96, Math.min(2 * seasons.short, 576)));
  const level = medianBefore(tail, end, 96);
  let spread = 0;
  for (let index = end - span; index < end; index++) spread += Math.abs(valueAt(values, index) - level);
  // Far below what the level itself is exact to, differences are rounding.
  const scale = spread / span;
  return { level, scale: scale > Math.max(1e-9 * Math.abs(level), leastScale) ? scale : 0 };
}

/**
 * Writes one window into a batch: the last steps for the encoder, and references and facts for each target (steps ahead of the last
 * known value, 1…horizon). `recent` is laid out [steps, windows, features], the others [windows, targets, …].
 */
export function writeWindow(
  size: NetworkSize,
  batch: Batch,
  window: number,
  tail: Tail,
  seasons: Seasons,
  ahead: readonly number[],
  horizon: number,
): Normal {
  const { level, scale } = normalOf(tail, seasons);
  if (scale === 0) return { level: valueAt(tail.values, tail.end - 1), scale, naiveError: 0 };
  const record = recordOf(tail, seasons, scale, Math.max(1, Math.round(horizon / 2)));
  const noise = writeRecent(size, batch, window, tail, seasons, level, scale);
  writeTargets(size, batch, window, tail, seasons, ahead, { level, scale, noise, record });
  return { level, scale, naiveError: present(record[0], 'the record of the last value') };
}

function writeRecent(
  { steps, features }: NetworkSize,
  { windows, recent }: Batch,
  window: number,
  tail: Tail,
  { short, long }: Seasons,
  level: number,
  scale: number,
): number {
  const { values, end } = tail;
  let noise = 0;
  for (let index = end - 96; index < end; index++)
    noise += Math.abs(valueAt(values, index) - valueAt(values, index - 1));
  noise = Math.max(noise / 96, 0.01 * scale);
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
  return noise;
}

interface Known {
  readonly level: number;
  readonly scale: number;
  readonly noise: number;
  readonly record: Float64Array;
}

function writeTargets(
  size: NetworkSize,
  batch: Batch,
  window: number,
  tail: Tail,
  seasons: Seasons,
  ahead: readonly number[],
  { level, scale, noise, record }: Known,
): void {
  const { end, values } = tail;
  const count = references.length;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let index = Math.max(0, end - 288); index < end; index++) {
    const value = valueAt(values, index);
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  const lastError = present(record[0], 'the record of the last value');
  for (const [target, steps] of ahead.entries()) {
    const at = window * batch.targets + target;
    const facts = at * size.facts;
    for (const [index, reference] of references.entries()) {
      const value = absent(reference, seasons)
        ? present(batch.references[at * count + standIn], 'the stand-in')
        : target > 0 && reference.flat === true
          ? present(batch.references[(at - 1) * count + index], 'the same for every target')
          : bounded((reference.at(tail, end, end + steps - 1, seasons) - level) / scale);
      batch.references[at * count + index] = value;
      batch.facts[facts + index] = squash(value);
      batch.facts[facts + count + index] = Math.log(
        (present(record[index], 'a record') + 0.02) / (lastError + 0.02),
      );
    }
    const more = facts + 2 * count;
    batch.facts[more] = Math.log2(steps) / 6;
    batch.facts[more + 1] = steps / 64;
    batch.facts[more + 2] = seasons.short === 0 ? 0 : Math.min(2, steps / seasons.short);
    batch.facts[more + 3] = seasons.short === 0 ? 0 : 1;
    batch.facts[more + 4] = seasons.long === 0 ? 0 : 1;
    batch.facts[more + 5] = Math.log(Math.min(largestRatio, noise / scale));
    batch.facts[more + 6] = squash((level - lowest) / scale);
    batch.facts[more + 7] = squash((highest - level) / scale);
    batch.facts[more + 8] = Math.log(lastError + 0.02);
    batch.facts[more + 9] = Math.min(1, end / leastTail);
    batch.facts[more + 10] = squash(level / scale) / 4;
    batch.facts[more + 11] = seasons.short === 0 ? 0 : Math.log2(seasons.short) / 8;
  }
}

/** Further out (in scales) a value says only that it is far: one old burst must not outweigh all else. */
const farthest = 40;
const bounded = (value: number): number => Math.max(-farthest, Math.min(farthest, value));

/** Smaller numbers lose digits when they are divided. */
const leastScale = 1e-200;

/** Mean absolute error of each reference `lead` steps ahead at moments of the recent past, in scales. */
function recordOf(tail: Tail, seasons: Seasons, scale: number, lead: number): Float64Array {
  const { values, end } = tail;
  const errors = new Float64Array(references.length);
  let moments = 0;
  for (let back = 0; back < recordMoments; back++) {
    const target = end - 1 - back * recordStride;
    const as = target - lead + 1;
    if (as < 2) break;
    moments += 1;
    const truth = valueAt(values, target);
    for (const [index, reference] of references.entries()) {
      if (reference.record !== undefined || absent(reference, seasons)) continue;
      errors[index] = (errors[index] ?? 0) + Math.abs(truth - reference.at(tail, as, target, seasons));
    }
  }
  for (const [index, reference] of references.entries()) {
    const from = absent(reference, seasons) ? standIn : index;
    const own = reference.record === undefined ? from : (indexOfReference.get(reference.record) ?? from);
    errors[index] = moments === 0 ? 1 : (errors[absent(reference, seasons) ? standIn : own] ?? 0);
  }
  return errors.map((sum) => Math.min(largestRatio, moments === 0 ? sum : sum / moments / scale));
}
