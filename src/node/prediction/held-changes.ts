import type { StateDelta } from '../../ports/delta.ts';
import { readable } from './readable.ts';

const mostBytes = 16 * 1024 * 1024;
/** What one takes besides its key and its value, about. */
const overheadBytes = 256;

/** Changes that wait while the past is being learnt; they are younger. Bounded: beyond it the older half is dropped and counted. */
export class HeldChanges {
  #waiting: StateDelta[] = [];
  #bytes = 0;
  #dropped = 0;

  /** Since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False: others were dropped for it, deletions among them perhaps, so that the keys are to be looked for again. */
  add(delta: StateDelta): boolean {
    // Nobody reads a value beyond that bound, nor the one before it, so nobody keeps them.
    const { previous, ...held } = { ...delta, value: readable(delta.value, []) };
    this.#waiting.push(held);
    this.#bytes += sizeOf(held);
    if (this.#bytes <= mostBytes) return true;
    let count = 0;
    for (const each of this.#waiting) {
      if (this.#bytes <= mostBytes / 2) break;
      this.#bytes -= sizeOf(each);
      count++;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#dropped += count;
    return false;
  }

  /** All, in their order. */
  take(): readonly StateDelta[] {
    const waiting = this.#waiting;
    this.clear();
    return waiting;
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}

function sizeOf({ key, value }: StateDelta): number {
  return overheadBytes + key.length + value.length;
}
