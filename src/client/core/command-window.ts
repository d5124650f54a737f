import { assert } from '../../foundation/assert.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { PendingCommand } from './pending.ts';

/** Numbers between the oldest unanswered command and the newest, at most: within what the state keeps of a session. */
const spanLimit = limits.sessionResults / 2;
const slotMask = limits.sessionResults - 1;

/**
 * The numbered, unanswered commands of one session, by number. A number is given when the command is about to be sent for the first
 * time and is never given again. Everything at or below `acknowledgedThrough` is settled: never sent again, so the state may
 * forget it, and must refuse late copies of it.
 */
export class CommandWindow<Tag> {
  acknowledgedThrough = 0;
  nextNumber = 1;
  count = 0;
  sizeBytes = 0;
  unsentCount = 0;
  private scanFrom = 1;
  private readonly slots: (PendingCommand<Tag> | undefined)[] = new Array(limits.sessionResults);

  get(number: number): PendingCommand<Tag> | undefined {
    if (number <= this.acknowledgedThrough || number >= this.nextNumber) return undefined;
    return this.slots[number & slotMask];
  }

  hasRoom(): boolean {
    return this.nextNumber - this.acknowledgedThrough <= spanLimit;
  }

  /** Numbers a queued command. */
  add(pending: PendingCommand<Tag>): void {
    assert(pending.state === 'queued' && this.hasRoom(), 'a command is numbered once, within the span');
    pending.number = this.nextNumber++;
    pending.state = 'unsent';
    this.slots[pending.number & slotMask] = pending;
    this.count++;
    this.sizeBytes += pending.sizeBytes;
    this.unsentCount++;
    if (this.unsentCount === 1) this.scanFrom = pending.number;
  }

  /** Forgets a command that has its outcome, and moves `acknowledgedThrough` over what is settled. */
  settle(pending: PendingCommand<Tag>): void {
    assert(this.get(pending.number) === pending, 'settles a command of the window');
    if (pending.state === 'unsent') this.unsentCount--;
    pending.state = 'settled';
    this.slots[pending.number & slotMask] = undefined;
    this.count--;
    this.sizeBytes -= pending.sizeBytes;
    if (mutant.active === 'reuse-session-number' && pending.number === this.nextNumber - 1) {
      this.nextNumber--;
      return;
    }
    while (
      this.acknowledgedThrough + 1 < this.nextNumber &&
      this.slots[(this.acknowledgedThrough + 1) & slotMask] === undefined
    ) {
      this.acknowledgedThrough++;
    }
  }

  /** The stream is gone: what was on it is of unknown fate and goes out again. */
  streamLost(): void {
    for (let n = this.acknowledgedThrough + 1; n < this.nextNumber; n++) {
      const pending = this.slots[n & slotMask];
      if (pending?.state === 'sent') {
        pending.exposed = true;
        this.unsend(pending);
      }
    }
  }

  /** To be sent again. */
  unsend(pending: PendingCommand<Tag>): void {
    assert(pending.state === 'sent', 'only a sent command is sent again');
    pending.state = 'unsent';
    this.unsentCount++;
    if (this.unsentCount === 1 || pending.number < this.scanFrom) this.scanFrom = pending.number;
  }

  /** The lowest run of consecutive numbers that are to be sent, marked as sent. Empty when there is none. */
  takeRun(maxCommands: number, maxBytes: number): PendingCommand<Tag>[] {
    const run: PendingCommand<Tag>[] = [];
    if (this.unsentCount === 0) return run;
    let n = Math.max(this.scanFrom, this.acknowledgedThrough + 1);
    while (this.slots[n & slotMask]?.state !== 'unsent') n++;
    let bytes = 0;
    for (; n < this.nextNumber && run.length < maxCommands; n++) {
      const pending = this.slots[n & slotMask];
      if (pending?.state !== 'unsent') break;
      bytes += pending.sizeBytes;
      if (run.length > 0 && bytes > maxBytes) break;
      pending.state = 'sent';
      run.push(pending);
    }
    this.unsentCount -= run.length;
    this.scanFrom = n;
    return run;
  }

  /** All unanswered, in order. */
  *unanswered(): Generator<PendingCommand<Tag>> {
    for (let n = this.acknowledgedThrough + 1; n < this.nextNumber; n++) {
      const pending = this.slots[n & slotMask];
      if (pending !== undefined) yield pending;
    }
  }
}
