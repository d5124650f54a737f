import type { BenchTiersOptions } from '../options.ts';
import type { Figure } from './figure.ts';

export interface MeasurementContext {
  readonly options: BenchTiersOptions;
  /** A folder of its own, removed afterwards. */
  readonly folder: string;
  /** What is being done, for who waits. */
  readonly progress: (text: string) => void;
  /** What is worth a line beside the figures. */
  readonly say: (line: string) => void;
}

/** Starts what it needs, and stops it. Throws where something wrong was read or something acknowledged is missing. */
export type Measurement = (context: MeasurementContext) => Promise<readonly Figure[]>;
