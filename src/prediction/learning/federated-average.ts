import type { Random } from '../../foundation/random.ts';
import { averaged, blurred, clipped } from '../neural/federated.ts';
import type { Comparison } from './compare.ts';
import { refusal } from './compare.ts';
import type { Contribution } from './contribution.ts';
import type { LessonBook } from './lesson-book.ts';
import type { RoundOptions } from './options.ts';
import { compared, type RoundParts, type RoundResult } from './round.ts';

export interface FederatedResult extends RoundResult {
  readonly judgedBy: 'backtest' | 'contributors';
}

/** What of a contribution the average needs; who sent it is not among it. */
export type Share = Pick<Contribution, 'delta' | 'samples' | 'clip' | 'noise' | 'reported'>;

/**
 * The weights moved by the mean of what was contributed, weighted by samples (FedAvg, McMahan et al. 2017). `noise`: standard deviation, in units of what one
 * contributor can move the mean by (its clip times its part of the samples, the largest of all), of normal noise on it (DP-FedAvg, McMahan et al. 2018).
 */
export function federatedAverage(
  weights: Float32Array,
  shares: readonly Share[],
  noise: number,
  random: Random,
): Float32Array {
  const updates = shares.map(({ delta, samples, clip, noise: own }) => ({
    // With a contributor's own noise on it a move is longer than its clip by right.
    move: own === 0 ? clipped(delta, clip) : delta,
    samples,
  }));
  const next = averaged(weights, updates, Number.POSITIVE_INFINITY);
  const total = shares.reduce((sum, { samples }) => sum + samples, 0);
  const reach = shares.reduce((most, { samples, clip }) => Math.max(most, (clip * samples) / total), 0);
  return blurred(next, noise * reach, random);
}

/** Averages, and judges the outcome on the cluster's own series; where there are none, by what the contributors measured on theirs. */
export async function federatedRound(
  weights: Float32Array,
  shares: readonly Share[],
  { judged }: Pick<LessonBook, 'judged'>,
  options: RoundOptions & { readonly noise: number },
  parts: RoundParts,
  random: Random,
): Promise<FederatedResult> {
  const next = federatedAverage(weights, shares, options.noise, random);
  const samples = shares.reduce((sum, share) => sum + share.samples, 0);
  const result = { samples, series: 0 };
  const own = judged.length > 0 ? await compared(weights, next, judged, options, parts) : null;
  if (own !== null && own.series > 0) {
    const reason = refusal(own, options.bar);
    return {
      ...result,
      weights: reason === null ? next : null,
      reason,
      comparison: own,
      judgedBy: 'backtest',
    };
  }
  const comparison = asReported(shares);
  const reason = refusal(comparison, { ...options.bar, leastOrigins: 0 });
  return { ...result, weights: reason === null ? next : null, reason, comparison, judgedBy: 'contributors' };
}

/** Each contributor counts as one series, whatever its samples: one of them alone shall not decide. */
function asReported(shares: readonly Share[]): Comparison {
  const all = shares.flatMap(({ reported }) => reported ?? []);
  const mean = (of: (each: { before: number; after: number }) => number): number =>
    Math.exp(all.reduce((sum, each) => sum + Math.log(of(each)), 0) / all.length);
  return {
    series: all.length,
    origins: all.length,
    before: mean(({ before }) => before),
    after: mean(({ after }) => after),
    ratio: mean(({ before, after }) => after / before),
    worse: all.filter(({ before, after }) => after > before).length / all.length,
  };
}
