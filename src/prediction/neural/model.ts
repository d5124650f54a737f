import type { NetworkSize } from './network.ts';

/** Weights with what one must know to use them. Immutable. */
export interface Model {
  readonly name: string;
  /** Grows with each publication under the name. */
  readonly version: number;
  readonly size: NetworkSize;
  readonly weights: Float32Array;
  readonly statistics: ModelStatistics;
}

/** How the weights came to be and how good they were. */
export interface ModelStatistics {
  readonly seed: string;
  /** Name and version of the model that the training began with; null: at random weights. */
  readonly from: string | null;
  readonly steps: number;
  /** Series and values that it was trained on. */
  readonly series: number;
  readonly values: number;
  /** Geometric mean over held-out series of the mean absolute error relative to last value; null: not measured. */
  readonly heldOut: number | null;
}
