import { probabilityOfCrossing, probabilityOfSlope, stepsUntil } from '../../prediction/trend/trend.ts';
import { lookEveryMs, type SignalName, type SignalPolicy } from './signals.ts';

/** A node is expected to end by this signal. */
export interface Breach {
  readonly signal: SignalName;
  /** Until the limit is reached, as the line goes; 0: it is reached. */
  readonly inMs: number;
  /** That it will be reached by the horizon, 0 to 1. */
  readonly confidence: number;
  readonly now: number;
  readonly limit: number;
}

export interface PredictionPolicy {
  readonly horizonMs: number;
  readonly confidence: number;
}

/** So many readings are looked at, the shortest stretch first: what began lately shows only there. 10, 16 and 30 s. */
export const stretches = [20, 32, 60] as const;
/** What it is now is the median of so many readings. */
const nowReadings = 5;

/**
 * The breach that the newest readings foretell, oldest first; null: none.
 *
 * No stretch foretells further than it is long itself: a few seconds of noise can look like a slope, but must then also be near the limit. And the
 * newer half must rise by itself, so that neither a step nor a rise that has ended is taken for a trend.
 */
export function predictBreach(
  signal: SignalName,
  readings: readonly number[],
  { limit, zone }: SignalPolicy,
  { horizonMs, confidence: wanted }: PredictionPolicy,
): Breach | null {
  if (readings.length < stretches[0]) return null;
  const now = median(readings.slice(-nowReadings));
  if (now >= limit && least(readings.slice(-nowReadings)) >= limit)
    return { signal, inMs: 0, confidence: 1, now, limit };
  if (now < zone) return null;
  let surest: Breach | null = null;
  for (const length of stretches) {
    if (readings.length < length) break;
    const stretch = readings.slice(-length);
    const within = Math.min(length, Math.floor(horizonMs / lookEveryMs));
    const confidence = probabilityOfCrossing(stretch, limit, within);
    if (confidence < wanted || confidence <= (surest?.confidence ?? 0)) continue;
    if (probabilityOfSlope(stretch.slice(-length / 2), 0) < stillRising) continue;
    const steps = Math.min(within, stepsUntil(stretch, limit));
    surest = { signal, inMs: Math.round(steps * lookEveryMs), confidence, now, limit };
  }
  return surest;
}

const stillRising = 0.9;

/** The readings rise for sure, and so far that over their length it would be this part of the limit. */
export function isRising(readings: readonly number[], { limit }: SignalPolicy): boolean {
  const length = stretches.find((each) => each >= stretches[1] && each <= readings.length);
  if (length === undefined) return false;
  return probabilityOfSlope(readings.slice(-length), (materialRise * limit) / length) >= surelyRising;
}

const materialRise = 0.1;
const surelyRising = 0.9;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

export function least(values: readonly number[]): number {
  return Math.min(...values);
}
