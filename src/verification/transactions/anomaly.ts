import type { Violation } from '../violation.ts';

/**
 * Names as Elle has them (Kingsbury & Alvaro, VLDB 2020; Adya 1999, §3 and §4.2). `-realtime`: the cycle needs an edge of real time, so the
 * history may be serializable, and is not strictly so.
 */
export type AnomalyName = DirectAnomaly | CycleAnomaly | `${CycleAnomaly}-realtime`;

export type DirectAnomaly =
  /** A transaction does not see its own appends, or two of its reads disagree. */
  | 'internal'
  /** A read saw an element twice. */
  | 'duplicate-elements'
  /** Two reads of one key, neither a prefix of the other. */
  | 'incompatible-order'
  /** A read saw what nobody had appended. */
  | 'garbage-read'
  /** Aborted read. */
  | 'G1a'
  /** Intermediate read. */
  | 'G1b'
  /** Two transactions read the same version of a key, and both appended to it. */
  | 'lost-update';

export type CycleAnomaly =
  /** Write cycle: ww edges alone. */
  | 'G0'
  /** Circular information flow: ww and wr edges. */
  | 'G1c'
  /** Read skew: exactly one rw edge. */
  | 'G-single'
  /** Write skew and the like: two rw edges or more. */
  | 'G2-item';

export interface Anomaly extends Violation {
  readonly check: AnomalyName;
  /** Numbers of the transactions that make it up; of a cycle in its order. */
  readonly transactions: readonly number[];
  /** To be read one below the other: each transaction, then each step of the cycle. */
  readonly explanation: readonly string[];
}
