import type { Figure } from '../tiers/figure.ts';
import type { BenchPredictOptions } from './options.ts';

export interface PartContext {
  readonly options: BenchPredictOptions;
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  /** What is being done, for who waits. */
  readonly progress: (text: string) => void;
  /** What is worth a line beside the figures. */
  readonly say: (line: string) => void;
}

/** Starts what it needs, and stops it. */
export type Part = (context: PartContext) => Promise<readonly Figure[]>;
