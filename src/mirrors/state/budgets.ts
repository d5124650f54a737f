import type { Revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { BudgetRecord } from './records.ts';
import { paused } from './token-bucket.ts';
import { WriterClocks } from './writer-clocks.ts';

export interface KnownBudget {
  /** In this process's steady time; its mark is never ahead of now. */
  readonly record: BudgetRecord;
  readonly revision: Revision;
}

interface Heard {
  readonly record: BudgetRecord;
  readonly revision: Revision;
  readonly heardMs: number;
}

/**
 * The budgets of sources as this process knows them. Calendars of processes differ, and a mark that counted by another's would be refilled twice: every
 * record is stamped by its writer's steady time (the calendar at its start, from then on the monotonic clock) and read in the reader's own.
 */
export class Budgets {
  readonly #clock: Clock;
  readonly #by: string;
  readonly #baseMs: number;
  readonly #writers = new WriterClocks();
  readonly #heard = new Map<string, Heard>();

  constructor(clock: Clock, by: string) {
    this.#clock = clock;
    this.#by = by;
    this.#baseMs = clock.wallMs() - clock.nowMs();
  }

  /** Steady: it never jumps. */
  nowMs(): number {
    return this.#baseMs + this.#clock.nowMs();
  }

  sources(): IterableIterator<string> {
    return this.#heard.keys();
  }

  /** `isNew`: it was written just now; else nobody knows when. Null: taken away. */
  heard(source: string, record: BudgetRecord | null, revision: Revision, isNew: boolean): void {
    if (record === null) {
      this.#heard.delete(source);
      return;
    }
    const known = this.#heard.get(source);
    if (known !== undefined && known.revision >= revision) return;
    const heardMs = this.nowMs();
    if (isNew && record.by !== undefined) this.#writers.arrived(record.by, record.atMs, heardMs);
    this.#heard.set(source, { record, revision, heardMs });
  }

  known(source: string): KnownBudget | null {
    const heard = this.#heard.get(source);
    if (heard === undefined) return null;
    const { record, revision, heardMs } = heard;
    const skewMs = this.#skewMs(record.by);
    // Nobody wrote it later than it came.
    const own = { ...record, atMs: Math.min(record.atMs + skewMs, heardMs) };
    if (record.pausedUntilMs === undefined) return { record: own, revision };
    const pausedUntilMs = Math.min(record.pausedUntilMs + skewMs, heardMs + (record.pausedForMs ?? 0));
    return { record: { ...own, pausedUntilMs }, revision };
  }

  /** To be written: the present mark is this process's. */
  signed(record: BudgetRecord): BudgetRecord {
    return { ...record, by: this.#by };
  }

  /** No calls of the source for so long; null: the origin did not say for how long. */
  paused(source: string, forMs: number | null): BudgetRecord {
    return this.signed(paused(this.known(source)?.record ?? null, forMs, this.nowMs()));
  }

  /** A delta takes its time: what one of our own takes at least is not of the other's calendar. */
  #skewMs(writer: string | undefined): number {
    if (writer === undefined || writer === this.#by) return 0;
    return this.#writers.knows(writer) ? this.#writers.skewMs(writer) - this.#writers.skewMs(this.#by) : 0;
  }
}
