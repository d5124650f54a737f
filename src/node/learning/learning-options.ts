import { contributionLimits } from '../../prediction/learning/contribution.ts';
import { type RoundOptions, roundDefaults } from '../../prediction/learning/options.ts';

/** How the cluster's model goes on learning: section `prediction.learning` of the config. */
export interface LearningOptions {
  readonly enabled: boolean;
  /** Part of one core, 0 to 1, beside what forecasting takes. */
  readonly cpu: number;
  /** Between two rounds. */
  readonly everyMs: number;
  /** Of training, a round. */
  readonly steps: number;
  /** For windows of series to learn from. */
  readonly memoryMb: number;
  /** A new version is published whose error on values kept from it is less than 1 − margin of the present one's … */
  readonly margin: number;
  /** … and that is worse on no more than this part of the series. */
  readonly mostWorse: number;
  /** Moments at which a published version is compared in use with the one before it, until it stays or is rolled back. */
  readonly trialOrigins: number;
  readonly federated: FederatedOptions;
}

export interface FederatedOptions {
  readonly enabled: boolean;
  /** Contributions that are averaged together. */
  readonly wanted: number;
  /** After so long fewer are, too; 0: never. */
  readonly waitMs: number;
  /** Largest norm that contributors may clip their updates to; what they send is clipped to it again, its noise included. */
  readonly clip: number;
  /** Of the noise that the cluster adds to the average, in units of what one contributor can move it by; 0: none. */
  readonly noise: number;
  /** Without series of its own to judge by the cluster goes by what at least `wanted` (and two) contributors report; false: it publishes nothing then. */
  readonly trustReports: boolean;
}

export const defaultLearning: LearningOptions = {
  enabled: true,
  cpu: 0.05,
  everyMs: 600_000,
  steps: roundDefaults.steps,
  memoryMb: 24,
  margin: roundDefaults.bar.margin,
  mostWorse: roundDefaults.bar.mostWorse,
  trialOrigins: 64,
  federated: {
    enabled: true,
    wanted: 3,
    waitMs: 600_000,
    clip: contributionLimits.clip,
    noise: 0,
    trustReports: false,
  },
};

export function roundOptionsOf(
  { steps, margin, mostWorse }: LearningOptions,
  seed: string,
  rest: Partial<RoundOptions>,
): RoundOptions {
  const bar = { ...roundDefaults.bar, margin, mostWorse };
  return { ...roundDefaults, bar, steps, ...rest, seed };
}
