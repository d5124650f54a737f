import { limits } from '../../foundation/limits.ts';

export interface SessionOptions {
  /** A session that is silent for this long, in cluster time, expires; the core renews it at a third of it. */
  readonly sessionTtlMs: number;
  /** Commands sent and not yet answered, at most; further ones wait in the queue. */
  readonly inFlightCommands: number;
  readonly inFlightBytes: number;
  /** Commands waiting, at most; beyond it a call fails as `overloaded`. */
  readonly queuedCommands: number;
  readonly queuedBytes: number;
  readonly batchCommands: number;
  /** Of reads, too. */
  readonly batchBytes: number;
  /** Batches sent of which nothing was heard yet, not even that the leader has them, at most: while they are under way the next one gathers. */
  readonly batchesInFlight: number;
  /** Reads sent and not yet answered, at most. */
  readonly inFlightReads: number;
  readonly queuedReads: number;
}

export const defaultSessionOptions: SessionOptions = {
  sessionTtlMs: 60_000,
  inFlightCommands: 4096,
  inFlightBytes: 16 * 1024 * 1024,
  queuedCommands: 65_536,
  queuedBytes: 64 * 1024 * 1024,
  batchCommands: limits.blockCommands,
  batchBytes: limits.blockBytes,
  batchesInFlight: 4,
  inFlightReads: 4096,
  queuedReads: 65_536,
};
