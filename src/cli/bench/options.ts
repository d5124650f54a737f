/** What each `tanist bench` command was asked for. */
export interface BenchKvOptions {
  readonly clients: number;
  readonly api: 'native' | 'etcd';
  readonly against?: 'etcd';
  readonly seconds: number;
  readonly rounds: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Keys that one read asks for; absent: 1. */
  readonly range?: number;
  readonly json?: boolean;
}

export interface BenchFailoverOptions {
  readonly fault: 'kill' | 'freeze' | 'transfer';
  readonly runs: number;
  readonly rate: number;
  /** Seconds of load before each fault. */
  readonly leadIn: number;
  readonly against?: 'etcd';
  /** So many numeric keys are written once a second beside the load, and predicted in every other run; absent: none. */
  readonly predict?: number;
  readonly json?: boolean;
}

export interface BenchRestartOptions {
  readonly keys: number;
  readonly valueBytes: number;
  readonly json?: boolean;
}

export interface BenchMemoryOptions {
  readonly keys: number;
  readonly overwrites: number;
  readonly valueBytes: number;
  /** Puts in a transaction. */
  readonly batch: number;
  readonly settleSeconds: number;
  readonly against?: 'etcd';
  readonly json?: boolean;
}

export interface BenchSoakOptions {
  readonly minutes: number;
  readonly api: 'native' | 'etcd';
  readonly operations: 'puts' | 'mixed';
  /** Of full load, which is measured first; absent: full load itself. */
  readonly share?: number;
  readonly clients: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly json?: boolean;
}

export const tierMeasurements = ['bytes', 'cold', 'lag', 'promote', 'replace', 'failover', 'flip'] as const;
export type TierMeasurement = (typeof tierMeasurements)[number];

export interface BenchTiersOptions {
  /** Absent: all, one after the other. */
  readonly only?: readonly TierMeasurement[];
  readonly keys: number;
  readonly valueBytes: number;
  /** Of the keys those that are critical, percent. */
  readonly critical: number;
  /** Writes a second; absent: what each promise names. */
  readonly rate?: number;
  /** Of each stretch under a steady load. */
  readonly seconds: number;
  /** Kills (failover), and times that each number of warm replicas is measured (lag). */
  readonly runs: number;
  /** Until a lost hot replica is replaced, ms. */
  readonly grace: number;
  /** Before memory is read. */
  readonly settleSeconds: number;
  readonly seed: number;
  readonly json?: boolean;
}
