import type { Random } from '../../foundation/random.ts';
import { averaged, blurred, clipped } from '../neural/federated.ts';
import type { Comparison } from './compare.ts';
import { refusal } from './compare.ts';
import type { Contribution } from './contribution.ts';
import { fairSamples } from './fair-samples.ts';
import type { LessonBook } from './lesson-book.ts';
import type { RoundOptions } from './options.ts';
import { compared, type RoundParts, type RoundResult } from './round.ts';

export interface FederatedResult extends RoundResult {
  readonly judgedBy: 'backtest' | 'contributors';
}

/** One alone is nobody's word but its own. */
const leastReports = 2;

/** What of a contribution the average needs; who sent it is not among it. */
export type Share = Pick<Contribution, 'delta' | 'samples' | 'clip' | 'noise' | 'reported'>;

/** What the cluster grants to contributors, whatever they say of themselves. */
export interface FederatedTerms {
  /** Largest norm by which one contributor moves the weights, its noise included. */
  readonly clip: number;
  /** Standard deviation of the noise on the mean, in units of what one contributor can move it by. */
  readonly noise: number;
  /** Contributors by whose word alone a version may be published, at least. */
  readonly wanted: number;
  /** Whether it may be at all: whoever reaches the port can contribute, and under more than one name. */
  readonly trustReports: boolean;
}

/**
 * The weights moved by the mean of what was contributed, weighted by samples (FedAvg, McMahan et al. 2017) as far as `fairSamples` goes. Noise: normal, in
 * units of what one contributor can move the mean by (its clip times its part of the samples, the largest of all; DP-FedAvg, McMahan et al. 2018).
 */
export function federatedAverage(
  weights: Float32Array,
  shares: readonly Share[],
  terms: Pick<FederatedTerms, 'clip' | 'noise'>,
  random: Random,
): Float32Array {
  const counted = fairSamples(shares.map(({ samples }) => samples));
  const updates = shares.map(({ delta, clip, noise }, index) => {
    // With its own noise on it a move is longer than its own clip by right, and never than the cluster's.
    const longest = noise === 0 ? Math.min(clip, terms.clip) : terms.clip;
    return { move: clipped(delta, longest), longest, samples: counted[index] ?? 1 };
  });
  const next = averaged(weights, updates, Number.POSITIVE_INFINITY);
  const total = counted.reduce((sum, samples) => sum + samples, 0);
  const reach = updates.reduce(
    (most, { samples, longest }) => Math.max(most, (longest * samples) / total),
    0,
  );
  return blurred(next, terms.noise * reach, random);
}

/** Averages, and judges the outcome on the cluster's own series; where there are none, and only where that is allowed, by what contributors measured on theirs. */
export async function federatedRound(
  weights: Float32Array,
  shares: readonly Share[],
  { judged }: Pick<LessonBook, 'judged'>,
  options: RoundOptions & { readonly terms: FederatedTerms },
  parts: RoundParts,
  random: Random,
): Promise<FederatedResult> {
  const { terms } = options;
  const next = federatedAverage(weights, shares, terms, random);
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
  const reason =
    distrust(comparison.series, terms) ?? refusal(comparison, { ...options.bar, leastOrigins: 0 });
  return { ...result, weights: reason === null ? next : null, reason, comparison, judgedBy: 'contributors' };
}

/** Why nothing is published on the word of so many contributors; null: it may be. */
function distrust(reports: number, { trustReports, wanted }: FederatedTerms): string | null {
  if (!trustReports)
    return 'the cluster predicts no series that it could be judged on; set prediction.learning.federated.trustReports to go by what contributors report';
  const least = Math.max(leastReports, wanted);
  return reports < least
    ? `${reports} contributors say how good it is; without series of its own the cluster asks ${least}`
    : null;
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
