import type { StateDelta } from '../../ports/delta.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { readable } from './readable.ts';

/** What one takes besides its key and its value, about. */
const overheadBytes = 256;

/** Changes that wait while the past is being learnt; they are younger. */
export class HeldChanges {
  readonly #queue = new BoundedQueue<StateDelta>(
    ({ key, value }) => overheadBytes + key.length + value.length,
  );

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** False: others were dropped for it, deletions among them perhaps, so that the keys are to be looked for again. */
  add(delta: StateDelta): boolean {
    // Nobody reads a value beyond that bound, nor the one before it, so nobody keeps them.
    const { previous, ...held } = { ...delta, value: readable(delta.value, []) };
    return this.#queue.add(held);
  }

  /** All, in their order. */
  take(): readonly StateDelta[] {
    const { waiting } = this.#queue;
    this.#queue.clear();
    return waiting;
  }

  clear(): void {
    this.#queue.clear();
  }
}
