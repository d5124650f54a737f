/**
 * What a node's learning does. `off`: by its config, or without a predictor; `following`: another node leads, and that one learns; `waiting`: nothing is due;
 * `trying`: the present version is watched in use.
 */
export const learningStates = ['off', 'following', 'waiting', 'training', 'averaging', 'trying'] as const;
export type LearningState = (typeof learningStates)[number];

/** What is known of the version that is in use, without its weights. */
export interface ModelFacts {
  readonly name: string;
  readonly version: number;
  /** sha256 of its file, hexadecimal: what tells versions apart. */
  readonly hash: string;
  /** Of the version that it was made from; empty: it came with the program. */
  readonly parent: string;
  /** `base`: it came with the program. */
  readonly kind: 'base' | 'adapted' | 'federated' | 'rolled-back';
  /** Cluster time of its making, ms; 0: unknown. */
  readonly madeAtMs: number;
  readonly samples: number;
  readonly contributors: number;
  /** Who measured it: `backtest`, `contributors`, `use`; `training`: whoever made the base model. */
  readonly judgedBy: string;
  /** Error relative to last value of the version before and of this one, over so many series; NaN: not measured. */
  readonly before: number;
  readonly after: number;
  readonly judgedSeries: number;
  readonly reason: string;
  readonly bytes: number;
}

export interface LearningStatus {
  readonly state: LearningState;
  /** Null: there is none. */
  readonly model: ModelFacts | null;
  /** Since this process started, of this node as the leader: rounds that ended, and what became of them. */
  readonly rounds: number;
  readonly published: number;
  readonly rejected: number;
  /** Rounds that ended without a result: leadership changed, the worker died, another version came first. */
  readonly discarded: number;
  readonly rolledBack: number;
  /** In words; empty: there was none. */
  readonly lastRejection: string;
  readonly lastRollBack: string;
  readonly lastError: string;
  /** Contributions taken and refused, those of the present round, and how many it waits for. */
  readonly contributed: number;
  readonly refused: number;
  readonly waiting: number;
  readonly wanted: number;
  /** What it learns from: series, those without room, bytes, predictions of failovers that met their truth. */
  readonly series: number;
  readonly leftOut: number;
  readonly bytes: number;
  readonly shown: number;
  /** Part of one core that training took, over the time of the last round. */
  readonly cpuShare: number;
}

/** What became of a model file that somebody gave: `unchanged`, that very one is in use already. */
export const publishings = ['none', 'published', 'unchanged'] as const;
export type Publishing = (typeof publishings)[number];
