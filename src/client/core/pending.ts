import type { TanistError } from '../../foundation/errors.ts';
import type { Command, RangeRequest } from '../../ports/command.ts';
import type { CommandResult, RangeResult } from '../../ports/result.ts';

/**
 * `queued`: without a number. `unsent`: numbered, and to be sent (again). `sent`: on the present stream. `settled`: has its outcome,
 * and will never be sent again.
 */
export type PendingState = 'queued' | 'unsent' | 'sent' | 'settled';

/** One command on its way. Owned by the core until settled; the `tag` is the caller's. */
export class PendingCommand<Tag> {
  readonly command: Command;
  readonly sizeBytes: number;
  /** On the caller's clock; Infinity: none. */
  readonly deadlineMs: number;
  /** Tell the caller once the leader has it in memory (promise 4). */
  readonly wantsEarly: boolean;
  readonly tag: Tag;
  state: PendingState = 'queued';
  number = 0;
  /** A copy went out whose fate is unknown: it may be applied, whatever becomes of later copies. */
  exposed = false;
  toldEarly = false;
  result: CommandResult | null = null;
  error: TanistError | null = null;

  constructor(command: Command, sizeBytes: number, deadlineMs: number, wantsEarly: boolean, tag: Tag) {
    this.command = command;
    this.sizeBytes = sizeBytes;
    this.deadlineMs = deadlineMs;
    this.wantsEarly = wantsEarly;
    this.tag = tag;
  }
}

export type ReadHow =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'serializable' }
  | { readonly kind: 'predicted'; readonly minConfidence: number };

/** One read on its way. Reads change nothing, so they are sent again freely and are never indeterminate. */
export class PendingRead<Tag> {
  readonly id: number;
  readonly range: RangeRequest;
  readonly serializable: boolean;
  /** Of a predicted read, which is a serializable one. */
  readonly minConfidence?: number;
  readonly deadlineMs: number;
  readonly tag: Tag;
  state: 'queued' | 'sent' | 'settled' = 'queued';
  result: RangeResult | null = null;
  ageMs = 0;
  error: TanistError | null = null;
  /** Members that do not hold it. */
  notHeldAt: readonly string[] = [];

  constructor(id: number, range: RangeRequest, how: ReadHow, deadlineMs: number, tag: Tag) {
    this.id = id;
    this.range = range;
    this.serializable = how.kind !== 'linearizable';
    if (how.kind === 'predicted') this.minConfidence = how.minConfidence;
    this.deadlineMs = deadlineMs;
    this.tag = tag;
  }
}
