import type { LeaseId } from '../../foundation/ids.ts';
import type { StateDelta } from '../../ports/delta.ts';

/** What one turn of applying changed. */
export interface AppliedBatch {
  readonly deltas: readonly StateDelta[];
  /** Granted, with the time-to-live in ms, and ended (null). */
  readonly leases: ReadonlyMap<LeaseId, number | null>;
}

/** What a delta or a lease takes in memory beside its bytes, about. */
const overheadBytes = 200;

/**
 * The last batches that were applied, shared by all followers: each has a position of its own. Who falls behind further than `mostBytes` goes on from
 * history, so memory does not depend on the slowest.
 */
export class RecentDeltas {
  readonly #mostBytes: number;
  #batches: { readonly batch: AppliedBatch; readonly bytes: number }[] = [];
  /** Position of the first one that is kept. */
  #first = 0;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The position of the batch that comes next. */
  get next(): number {
    return this.#first + this.#batches.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(batch: AppliedBatch): void {
    let bytes = batch.leases.size * overheadBytes;
    for (const { key, value } of batch.deltas) bytes += key.length + value.length + overheadBytes;
    this.#batches.push({ batch, bytes });
    this.#bytes += bytes;
    let gone = 0;
    while (this.#bytes > this.#mostBytes && gone < this.#batches.length)
      this.#bytes -= this.#batches[gone++]?.bytes ?? 0;
    if (gone === 0) return;
    this.#batches = this.#batches.slice(gone);
    this.#first += gone;
  }

  /** From that position on; null: some of it is not kept any more. */
  since(position: number): readonly AppliedBatch[] | null {
    if (position < this.#first) return null;
    return this.#batches.slice(position - this.#first).map(({ batch }) => batch);
  }

  /** Nobody follows. */
  clear(): void {
    this.#first = this.next;
    this.#batches = [];
    this.#bytes = 0;
  }
}
