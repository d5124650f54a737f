import type { SignalName } from '../../../failover/before-death/signals.ts';

/** The parts of `bench predict`; what each measures: `parts.ts`. */
export const partNames = ['before-death', 'ordinary'] as const;
export type PartName = (typeof partNames)[number];

export interface BenchPredictOptions {
  /** Absent: all, one after the other. */
  readonly only?: readonly PartName[];
  /** Of before-death: for each signal, each on a cluster of its own. */
  readonly runs: number;
  readonly signals: readonly SignalName[];
  /** Of ordinary. */
  readonly minutes: number;
  /** Writes a second; the mean of those that vary. */
  readonly rate: number;
  readonly json?: boolean;
}
