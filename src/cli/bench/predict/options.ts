import type { SignalName } from '../../../failover/before-death/signals.ts';

/** The parts of `bench predict`; what each measures: `parts.ts`. */
export const partNames = ['table', 'cold', 'early', 'before-death', 'ordinary'] as const;
export type PartName = (typeof partNames)[number];

export interface BenchPredictOptions {
  /** Absent: all, one after the other. */
  readonly only?: readonly PartName[];
  /** Of table: numeric keys, each changed once a second; seconds of each stretch that is measured, and before it. */
  readonly keys: number;
  readonly seconds: number;
  readonly warmUp: number;
  /** Of cold and early: a folder of CSV files (`timestamp,value`) that are replayed, how many promotions, and where the stretches are drawn from. */
  readonly data?: string;
  readonly promotions: number;
  readonly seed: number;
  /** Of before-death: for each signal, each on a cluster of its own. */
  readonly runs: number;
  readonly signals: readonly SignalName[];
  /** Of ordinary. */
  readonly minutes: number;
  /** Writes a second; the mean of those that vary. */
  readonly rate: number;
  readonly json?: boolean;
}
