import { assert, present } from '../../foundation/assert.ts';
import type { TanistError } from '../../foundation/errors.ts';
import type { CommandResult, RangeResult } from '../../ports/result.ts';
import type { PendingCommand, PendingRead } from '../core/pending.ts';

/** Who waits for a command or a read: the tag that the core carries. */
export interface Waiter {
  readonly wantsEarly: boolean;
  /** Undoes what was set up for the wait. */
  release: (() => void) | null;
  early(): void;
  settled(pending: PendingCommand<Waiter | null>): void;
  settledRead(read: PendingRead<Waiter | null>): void;
  reject(error: TanistError): void;
}

export class CommandWaiter<Answer> implements Waiter {
  release: (() => void) | null = null;
  private readonly resolve: (answer: Answer) => void;
  private readonly fail: (error: TanistError) => void;
  private readonly answerOf: (result: CommandResult) => Answer;
  private readonly onEarly: (() => void) | null;

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: TanistError) => void,
    answerOf: (result: CommandResult) => Answer,
    onEarly: (() => void) | null,
  ) {
    this.resolve = resolve;
    this.fail = reject;
    this.answerOf = answerOf;
    this.onEarly = onEarly;
  }

  get wantsEarly(): boolean {
    return this.onEarly !== null;
  }

  early(): void {
    this.onEarly?.();
  }

  settled(pending: PendingCommand<Waiter | null>): void {
    this.release?.();
    if (pending.error !== null) this.fail(pending.error);
    else this.resolve(this.answerOf(present(pending.result, 'a settled command has a result or an error')));
  }

  settledRead(): void {
    assert(false, 'a command is not settled by a read');
  }

  reject(error: TanistError): void {
    this.fail(error);
  }
}

export class ReadWaiter<Answer> implements Waiter {
  readonly wantsEarly = false;
  release: (() => void) | null = null;
  private readonly resolve: (answer: Answer) => void;
  private readonly fail: (error: TanistError) => void;
  private readonly answerOf: (result: RangeResult, ageMs: number) => Answer;

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: TanistError) => void,
    answerOf: (result: RangeResult, ageMs: number) => Answer,
  ) {
    this.resolve = resolve;
    this.fail = reject;
    this.answerOf = answerOf;
  }

  early(): void {}

  settled(): void {
    assert(false, 'a read is not settled by a command');
  }

  settledRead(read: PendingRead<Waiter | null>): void {
    this.release?.();
    if (read.error !== null) this.fail(read.error);
    else
      this.resolve(
        this.answerOf(present(read.result, 'a settled read has a result or an error'), read.ageMs),
      );
  }

  reject(error: TanistError): void {
    this.fail(error);
  }
}
