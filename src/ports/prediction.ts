import type { ByteString } from '../foundation/bytes.ts';
import type { ClusterTimeMs, Revision } from '../foundation/ids.ts';
import type { Space } from './delta.ts';

/** How keys under a policy are forecast. */
export interface PredictPolicy {
  /** Numbers inside a JSON value, as JSON pointers (RFC 6901); none: the value itself is a number. */
  readonly fields: readonly string[];
  /** Between two values; 0: as measured. */
  readonly stepMs: number;
  /** Steps held ready. */
  readonly horizon: number;
  /** A prediction below it is not applied at a promotion; 0 to 1. */
  readonly minConfidence: number;
  /** Among keys when the budget does not cover all; above 0. */
  readonly weight: number;
}

/** What holds where a client or an operator leaves a field out. */
export const defaultPredictPolicy: PredictPolicy = {
  fields: [],
  stepMs: 0,
  horizon: 12,
  minConfidence: 0.5,
  weight: 1,
};

export const predictPolicyLimits = {
  fields: 16,
  pointerCharacters: 256,
  stepMs: 24 * 3600 * 1000,
  horizon: 64,
  weight: 1e6,
} as const;

/** Spaces whose keys can be predicted. */
export const predictableSpaces = ['user', 'planes'] as const satisfies readonly Space[];
export type PredictableSpace = (typeof predictableSpaces)[number];

export function isPredictable(space: Space): space is PredictableSpace {
  return space === 'user' || space === 'planes';
}

/** A number of the predicted value; the true one lies from `lower` to `upper` with the probability `Prediction.level`. */
export interface PredictedField {
  /** JSON pointer; empty: the value itself. */
  readonly pointer: string;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** How much a reader of predictions wants a model to be sure. */
export interface PredictedRead {
  /** 0 to 1. */
  readonly minConfidence: number;
}

/** A prediction as the log and the state have it: what apply looks at, and all else as bytes (`tanist.v1.PredictionContent`). */
export interface SealedPrediction extends Pick<Prediction, 'space' | 'key' | 'madeFrom' | 'validUntilMs'> {
  readonly content: ByteString;
}

/** Where a node that wins leadership has its predictions from. */
export interface PredictionSource {
  /**
   * Those held ready, the most valuable first, as of `nowMs` in cluster time; of more than fit into one command the rest is left out. Asked in the turn
   * in which leadership is won, so all is made beforehand: it returns within 2 ms, and makes nothing of the state, which may lack what the log has. Those
   * that `sealPrediction` has seen before take no more time.
   */
  preApply(nowMs: ClusterTimeMs): readonly Prediction[];
  /** The same for nothing, asked now and then while another leads, so that the way of a promotion is trodden. Absent: it is not. */
  rehearse?(nowMs: ClusterTimeMs): readonly Prediction[];
  /**
   * Resolves once what is held ready knows of all that was applied by the time of the call, and is about the moment that `atMs` says then. Whoever waits
   * bounds the wait. Absent: it knows at once.
   */
  caughtUp?(atMs: () => ClusterTimeMs): Promise<void>;
}

/** A prediction that was read. */
export interface AgedPrediction {
  readonly prediction: Prediction;
  readonly source: PredictionOrigin;
  /** Since it was made, in ms of cluster time. */
  readonly ageMs: number;
}

/** `applied`: at a failover, alike on all replicas; `ready`: what the replica that answers holds ready for one. */
export const predictionOrigins = ['applied', 'ready'] as const;
export type PredictionOrigin = (typeof predictionOrigins)[number];

/**
 * Why nothing is predicted of a key: `not-asked` by any policy; `no-predictor` here, or none that runs; `learning` its past, or its last change, or what large values say; `left-out` by the
 * budget; `no-forecast`: too few numbers, none in its value, or none that reaches to now; `unsure`: below the confidence that its policy or the reader asks for.
 */
export const whysAbsent = [
  'not-asked',
  'no-predictor',
  'learning',
  'left-out',
  'no-forecast',
  'unsure',
] as const;
export type WhyAbsent = (typeof whysAbsent)[number];

/** A key that was read, of which nothing is predicted. */
export interface AbsentPrediction {
  readonly key: ByteString;
  readonly why: WhyAbsent;
  /** Of what is not sure enough; null otherwise. */
  readonly confidence: number | null;
}

/** What a model expects of one key at one moment. It is never the truth, and is never stored with it (promise 5). */
export interface Prediction {
  readonly space: PredictableSpace;
  readonly key: ByteString;
  /** The whole value: the last true one with its numbers replaced. */
  readonly value: ByteString;
  /** The key's modRevision that it was made from: as soon as the key has another one it counts for nothing. */
  readonly madeFrom: Revision;
  /** Cluster time when it was made. */
  readonly madeAtMs: ClusterTimeMs;
  /** The moment that it is about. */
  readonly forMs: ClusterTimeMs;
  /** It counts up to and including this moment of cluster time. */
  readonly validUntilMs: ClusterTimeMs;
  readonly model: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Probability that the key changes until the end of the step that `forMs` is of, as was known when it was made. Null: too few changes are known. */
  readonly changeProbability: number | null;
  /** Probability that a true number lies within its interval, 0 to 1. */
  readonly level: number;
  readonly fields: readonly PredictedField[];
}
