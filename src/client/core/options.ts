import { limits } from '../../foundation/limits.ts';
import { outside } from './call-refusal.ts';

export interface SessionOptions {
  /** A session that is silent for this long, in cluster time, expires; the core renews it at a third of it. 1 s to 24 h. */
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

/** What the cluster takes. Of the others at least 1: nothing would ever be sent. */
const ranges: Partial<Record<keyof SessionOptions, readonly [least: number, most: number]>> = {
  sessionTtlMs: [1000, 24 * 3600 * 1000],
  batchCommands: [1, limits.blockCommands],
  batchBytes: [1, limits.entryBytes],
};

/** The given ones and the defaults; whole numbers. Fails as `invalid-argument`. */
export function sessionOptions(given: Partial<SessionOptions> = {}): SessionOptions {
  const options = { ...defaultSessionOptions, ...given };
  for (const name of Object.keys(defaultSessionOptions) as (keyof SessionOptions)[]) {
    const [least, most] = ranges[name] ?? [1, Number.MAX_SAFE_INTEGER];
    const value = options[name];
    if (!Number.isInteger(value) || value < least || value > most)
      throw outside(`session.${name}`, value, least, most);
  }
  return options;
}
