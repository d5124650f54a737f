import type { DrawnCounterexample } from '../verification/linearizability/drawing.ts';
import type { Violation } from '../verification/violation.ts';
import type { Moment } from './moment.ts';
import type { Target } from './target.ts';

/** A write as its caller saw it; ms since the run began. */
export interface AcknowledgedAt {
  readonly issuedAtMs: number;
  readonly ackedAtMs: number;
}

export interface Sample {
  readonly atMs: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly indeterminate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late the harness's own event loop was at worst: an outage within it is not the cluster's. */
  readonly lagMs: number;
}

/** `unknown`: the check ran out of time or could not look; it says why. */
export interface Verdict {
  /** Stable name: `linearizable`, `watch`, `acknowledged`, `bank`, `list-append`, `lease`, `lock`, `digests`, `early`, `final-keys`, … */
  readonly check: string;
  readonly answer: 'yes' | 'no' | 'unknown';
  /** One line: what was looked at, or what is wrong. */
  readonly detail: string;
  readonly violations: readonly Violation[];
  /** `unknown` for nothing else than that there was too little to look at. */
  readonly scant?: true;
  /** Of a history that is not linearizable: its smallest part that isn't, for the picture. */
  readonly counterexample?: DrawnCounterexample;
}

export interface TrafficOptions {
  /** Which parts; all that the target can by default. */
  readonly parts?: readonly string[];
  /** Tanist's own clients by default; etcd's API is all that an etcd has. */
  readonly api?: 'native' | 'etcd';
  /** Operations a second, over all parts. */
  readonly rate: number;
  readonly clients: number;
  readonly seed: number;
  /** ms since the run began. */
  readonly nowMs: () => number;
  readonly onMoment: (moment: Moment) => void;
}

export interface TrafficReport {
  readonly operations: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly indeterminate: number;
  /** Acknowledged durably and not found: 0, or the promise is broken. */
  readonly lost: number;
  /** Early acknowledgements that their client reported as lost (promise 4); counted apart. */
  readonly earlyLost: number;
  readonly verdicts: readonly Verdict[];
}

export interface Traffic {
  /** Acknowledged writes of the steady stream that outages are read from, in order of acknowledgement. */
  readonly acknowledged: readonly AcknowledgedAt[];
  readonly samples: readonly Sample[];
  /** Times in which the harness's own event loop stood still. */
  readonly stalls: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Names of the parts that run, and of those that need what the API has not. */
  readonly parts: readonly string[];
  readonly leftOut: readonly string[];
  /** No new operations; those under way end or become indeterminate. */
  stop(): Promise<void>;
  /** After `stop`, on a healed and settled target: reads the end, runs the checks. */
  check(): Promise<TrafficReport>;
  /**
   * For long runs, on a healed target: pauses, checks what was since the last time, forgets it (also what is in `acknowledged`) and goes on. The report
   * is of this stretch; `check` gives that of all.
   */
  checkpoint(): Promise<TrafficReport>;
  /** Ends it without a check, whatever it is at; after `check` there is nothing left to do. */
  close(): Promise<void>;
}

export type StartTraffic = (target: Target, options: TrafficOptions) => Promise<Traffic>;
