import { present } from '../../../foundation/assert.ts';
import type { Batch, NetworkSize } from '../network.ts';
import { noiseOf, recentFeatures, writeRecent } from './recent.ts';
import { recordOf } from './record.ts';
import { references } from './references.ts';
import type { Seasons } from './seasons.ts';
import { medianBefore, type Tail, valueAt } from './tail.ts';
import { extraFacts, farthestTarget, writeTargets } from './targets.ts';

/** The sizes that follow from the features; `hidden` and `inner` are the model's. */
export function networkSize(hidden: number, inner: number): NetworkSize {
  return {
    steps: 32,
    features: recentFeatures,
    hidden,
    references: references.length,
    facts: 2 * references.length + extraFacts,
    inner,
  };
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
  const noise = noiseOf(tail, scale);
  const lead = Math.max(1, Math.round(Math.min(horizon, farthestTarget) / 2));
  const record = recordOf(tail, seasons, scale, lead);
  writeRecent(size, batch, window, tail, seasons, level, scale, noise);
  writeTargets(size, batch, window, tail, seasons, ahead, { level, scale, noise, record });
  return { level, scale, naiveError: present(record[0], 'the record of the last value') };
}

/** Smaller numbers lose digits when they are divided. */
const leastScale = 1e-200;
