import type { Candidate } from '../forecast.ts';
import { adaptiveLevel } from './adaptive-level.ts';
import { analog } from './analog.ts';
import { autoregression } from './autoregression.ts';
import { decomposition } from './decomposition.ts';
import { drift } from './drift.ts';
import { holtWinters } from './holt-winters.ts';
import { lastValue } from './last-value.ts';
import { regression } from './regression.ts';
import { seasonalMedian, seasonalNaive } from './seasonal-naive.ts';
import { dampedTrend, exponentialSmoothing } from './smoothing.ts';
import { theta } from './theta.ts';
import { windowMean, windowMedian } from './window.ts';

/** Every classical candidate, the cheapest first. */
export const classicalCandidates: readonly Candidate[] = [
  lastValue,
  drift,
  seasonalNaive(0),
  seasonalNaive(1),
  windowMean(12),
  windowMean(48),
  windowMedian(12),
  windowMedian(48),
  windowMedian(288),
  seasonalMedian(0, 4),
  seasonalMedian(1, 3),
  exponentialSmoothing,
  analog(12, 16),
  analog(4, 24),
  analog(24, 16),
  analog(48, 12),
  analog(8, 8),
  analog(12, 16, 'level'),
  analog(48, 12, 'level'),
  adaptiveLevel(3),
  adaptiveLevel(5),
  autoregression,
  theta,
  decomposition(48),
  decomposition(288),
  dampedTrend,
  holtWinters('additive'),
  holtWinters('multiplicative'),
  regression('squares'),
  regression('absolute'),
];
