import { adaptiveLevel } from '../candidates/adaptive-level.ts';
import { analog } from '../candidates/analog.ts';
import { autoregression } from '../candidates/autoregression.ts';
import { lastValue } from '../candidates/last-value.ts';
import { seasonalNaive } from '../candidates/seasonal-naive.ts';
import { dampedTrend, exponentialSmoothing } from '../candidates/smoothing.ts';
import { windowMean, windowMedian } from '../candidates/window.ts';
import type { Candidate } from '../forecast.ts';

/**
 * Those of the classical candidates that thousands of series can afford: each costs tens of µs a forecast, and together they cover what the dear ones
 * are better at by little.
 */
export const onlineCandidates: readonly Candidate[] = [
  lastValue,
  seasonalNaive(0),
  windowMean(12),
  windowMedian(48),
  exponentialSmoothing,
  adaptiveLevel(3),
  analog(8, 8),
  analog(24, 16),
  autoregression,
  dampedTrend,
];
