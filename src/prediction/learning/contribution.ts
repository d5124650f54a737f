import { TanistError } from '../../foundation/errors.ts';
import { norm } from '../neural/federated.ts';

/** How the weights moved at one contributor, and nothing of what moved them. */
export interface Contribution {
  /** Name of the model. */
  readonly model: string;
  /** `modelHash` of the version that was trained further. */
  readonly base: string;
  /** Clipped and, where asked, with noise. */
  readonly delta: Float32Array;
  /** Values that it was trained on: its weight in the average. */
  readonly samples: number;
  /** Norm that the move was clipped to. */
  readonly clip: number;
  /** Standard deviation of the noise on every weight, in clips; 0: none. */
  readonly noise: number;
  readonly contributor: string;
  /** Errors relative to last value that the contributor measured on values kept from its training, before and after; null: it says nothing. */
  readonly reported: Reported | null;
}

export interface Reported {
  readonly before: number;
  readonly after: number;
}

export interface ContributionLimits {
  /** Contributions of a round that are kept, and their bytes. */
  readonly most: number;
  readonly bytes: number;
  /** Largest norm that a move may be clipped to. */
  readonly clip: number;
  readonly noise: number;
  readonly samples: number;
}

export const contributionLimits: ContributionLimits = {
  most: 64,
  bytes: 32 * 1024 * 1024,
  clip: 10,
  noise: 1,
  samples: 10_000_000,
};

export const contributorPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Beyond rounding. */
const slack = 1 + 1e-3;
/** How far the norm of noise is from what is expected of it, in its standard deviations. */
const deviations = 6;

/** What a clipped move may measure with its noise: the noise on n weights has a norm near σ √n. */
export function largestNorm({ clip, noise }: Pick<Contribution, 'clip' | 'noise'>, weights: number): number {
  return clip * slack + noise * clip * (Math.sqrt(weights) + deviations);
}

/**
 * Refuses what is no fit contribution to a version of so many weights. Errors: `invalid-argument` (clip, noise, samples, contributor or reported errors out
 * of range, or longer than its clip), `model-invalid` (of another shape, or with values that are no finite numbers).
 */
export function checkContribution(given: Contribution, weights: number, limits: ContributionLimits): void {
  const { delta, samples, clip, noise, contributor, reported } = given;
  const wrong = (text: string): TanistError => new TanistError('invalid-argument', text);
  if (!contributorPattern.test(contributor))
    throw wrong('a contributor is named by 1 to 64 letters, digits, dots, dashes or underscores');
  if (!(clip > 0 && clip <= limits.clip))
    throw wrong(`clip must be above 0 and at most ${limits.clip}, not ${clip}`);
  if (!(noise >= 0 && noise <= limits.noise))
    throw wrong(`noise must be from 0 to ${limits.noise}, not ${noise}`);
  if (!(Number.isSafeInteger(samples) && samples >= 1 && samples <= limits.samples))
    throw wrong(`samples must be a whole number from 1 to ${limits.samples}, not ${samples}`);
  if (reported !== null && !(isError(reported.before) && isError(reported.after)))
    throw wrong('reported errors must be numbers above 0 and at most 1000');
  if (delta.length !== weights)
    throw new TanistError(
      'model-invalid',
      `the update has ${delta.length} weights, the model ${weights}; get the model again and train that`,
    );
  if (!delta.every(Number.isFinite))
    throw new TanistError(
      'model-invalid',
      'the update has values that are no finite numbers; train with a lower rate',
    );
  const length = norm(delta);
  const most = largestNorm(given, weights);
  if (length > most)
    throw wrong(
      `the update has a norm of ${length.toPrecision(4)}; clipped to ${clip} it has ${most.toPrecision(4)} at most`,
    );
}

const isError = (error: number): boolean => error > 0 && error <= 1000;
