import type { CommandBatch } from '../../ports/command.ts';
import type { PendingCommand, PendingRead } from './pending.ts';

/**
 * What the runner must do after inputs, taken with `core.ready(nowMs)`, in this order: if `stream` is not the one it has, close that
 * one; if `open`, open `stream` to `address`; write `reads`, then `batches` on it; then tell the callers.
 */
export interface CoreReady<Tag> {
  /** 0: none. */
  readonly stream: number;
  readonly address: string;
  readonly open: boolean;
  readonly batches: readonly CommandBatch[];
  readonly reads: readonly PendingRead<Tag>[];
  /** In the leader's memory (promise 4); the outcome follows in `settled`. */
  readonly early: readonly PendingCommand<Tag>[];
  /** With `result` or `error` set. */
  readonly settled: readonly PendingCommand<Tag>[];
  readonly settledReads: readonly PendingRead<Tag>[];
  /** Acknowledged early, and now known to be lost or of unknown fate. They are in `settled`, too. */
  readonly lost: readonly PendingCommand<Tag>[];
}
