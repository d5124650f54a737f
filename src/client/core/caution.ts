/**
 * How to go on when a member ended the stream over a message that it could not read, and it is not known which of those under way that was: they
 * go out again one at a time, and the one that it is (then the only one unanswered) in halves, until what is left of it is a single command
 * or read, which alone fails.
 */
export class Caution {
  /** At most so many in one message. */
  commands: number;
  reads: number;
  /** All commands that may be to blame have numbers up to this one. */
  through = 0;

  /** The one is in what goes out next. */
  private narrows: boolean;

  constructor(commands: number, reads: number, narrows: boolean) {
    this.commands = commands;
    this.reads = reads;
    this.narrows = narrows;
  }

  /** It has failed; there may be others. */
  found(): void {
    this.narrows = false;
  }

  /** A message was read. */
  relax(): void {
    if (this.narrows) return;
    this.commands *= 2;
    this.reads *= 2;
  }
}
