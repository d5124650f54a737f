import type { NetworkSize } from './network.ts';

/** Weights with what one must know to use them. Immutable. */
export interface Model {
  readonly name: string;
  /** Grows with each publication under the name. */
  readonly version: number;
  readonly size: NetworkSize;
  readonly weights: Float32Array;
  readonly statistics: ModelStatistics;
  /** Of a version that a cluster made; absent: it came with the program. */
  readonly provenance?: Provenance;
}

/** What a version was made from, and what spoke for it. */
export interface Provenance {
  /** `adapted` to the cluster's own series, `federated` from what contributors sent, `rolled-back` to weights that had been better in use. */
  readonly kind: (typeof provenanceKinds)[number];
  /** `modelHash` of the version before it. */
  readonly parent: string;
  /** Cluster time of its making, ms. */
  readonly atMs: number;
  /** Values that it was trained on, by all who did. */
  readonly samples: number;
  /** 0: none but the cluster itself. */
  readonly contributors: number;
  /** Who measured `before` and `after`: this cluster on values kept from the training, the contributors on theirs, or the use of it. */
  readonly judgedBy: (typeof judges)[number];
  /** Error relative to last value of the version before it and of itself, on the same values; geometric means over so many series. */
  readonly before: number;
  readonly after: number;
  readonly judgedSeries: number;
  /** In words. */
  readonly reason: string;
}

export const provenanceKinds = ['adapted', 'federated', 'rolled-back'] as const;
export const judges = ['backtest', 'contributors', 'use'] as const;

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
