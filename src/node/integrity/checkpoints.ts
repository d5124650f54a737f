import type { LogIndex } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import { spaces } from '../../ports/delta.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** The state right after `index` was applied: the digest of each space, in the order of `spaces`, a space between. */
export interface Note {
  readonly index: LogIndex;
  readonly digest: string;
}

/** Raised when the digest of equal content changes: notes of another number are compared with nothing. */
export const digestFormat = 1;

const everyMs = 500;
const everyEntries = 4096;
/** A state that stands still is noted where it stands. */
const idleMs = 200;
/** About a minute: a replica that far behind is still compared. */
const kept = 128;
const reported = 4;

/**
 * What this replica's state was at points that all replicas take alike: after the first entry of each half second of cluster time, and
 * after every 4,096th entry. A note is a fact, so further ones do no harm: an idle state is noted where it stands, as all idle ones do.
 * Digests are kept up incrementally, so a note costs next to nothing. Notes are of one image: when that is replaced they begin anew,
 * under another `generation`.
 */
export class Checkpoints {
  readonly #state: StateMachine;
  readonly #incarnation: string;
  readonly #notes = new Map<LogIndex, string>();
  #images = 0;
  #period = 0;
  #last: Note | null = null;
  #lastMs = 0;

  constructor(state: StateMachine, incarnation: string) {
    this.#state = state;
    this.#incarnation = incarnation;
    this.replaced();
  }

  /** Which image the notes are of. */
  get generation(): string {
    return `${digestFormat}.${this.#incarnation}.${this.#images}`;
  }

  /** After each entry. */
  applied(index: LogIndex, nowMs: number): void {
    const period = periodOf(this.#state.timeMs);
    if (period === this.#period && index % everyEntries !== 0) return;
    this.#period = period;
    this.#note(index, nowMs);
  }

  /** Now and then. Nothing is noted while an entry is applied in slices: the digests are somewhere in it. */
  idle(nowMs: number): void {
    if (!this.#state.whole && mutant.active !== 'digest-half-applied') return;
    const { index } = this.#state.applied;
    if (index === 0 || this.#last?.index === index || nowMs - this.#lastMs < idleMs) return;
    this.#note(index, nowMs);
  }

  /** The state is another one. */
  replaced(): void {
    this.#notes.clear();
    this.#last = null;
    this.#images += 1;
    this.#period = periodOf(this.#state.timeMs);
  }

  digestAt(index: LogIndex): string | null {
    return this.#notes.get(index) ?? null;
  }

  newest(): readonly Note[] {
    return [...this.#notes].slice(-reported).map(([index, digest]) => ({ index, digest }));
  }

  get last(): Note | null {
    return this.#last;
  }

  #note(index: LogIndex, nowMs: number): void {
    const digest = spaces.map((space) => this.#state.digest(space)).join(' ');
    this.#notes.set(index, digest);
    this.#last = { index, digest };
    this.#lastMs = nowMs;
    if (this.#notes.size <= kept) return;
    for (const oldest of this.#notes.keys()) {
      this.#notes.delete(oldest);
      break;
    }
  }
}

function periodOf(timeMs: number): number {
  return Math.floor(timeMs / everyMs);
}
