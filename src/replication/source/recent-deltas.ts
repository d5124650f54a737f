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

interface Kept {
  readonly batch: AppliedBatch;
  readonly bytes: number;
}

const nothing: Kept = { batch: { deltas: [], leases: new Map() }, bytes: 0 };

/**
 * The last batches that were applied, shared by all followers: each has a position of its own. Who falls behind further than `mostBytes` goes on from
 * history, so memory does not depend on the slowest.
 */
export class RecentDeltas {
  readonly #mostBytes: number;
  #batches: Kept[] = [];
  /** Position of the first of them, and how many from there on are not kept any more. */
  #first = 0;
  #gone = 0;
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
    while (this.#bytes > this.#mostBytes && this.#gone < this.#batches.length) {
      this.#bytes -= this.#batches[this.#gone]?.bytes ?? 0;
      this.#batches[this.#gone++] = nothing;
    }
    // Seldom, so that a batch costs the same however many are kept.
    if (this.#gone * 2 > this.#batches.length) this.#forget();
  }

  /** From that position on; null: some of it is not kept any more. */
  since(position: number): readonly AppliedBatch[] | null {
    if (position < this.#first + this.#gone) return null;
    return this.#batches.slice(position - this.#first).map(({ batch }) => batch);
  }

  #forget(): void {
    this.#batches = this.#batches.slice(this.#gone);
    this.#first += this.#gone;
    this.#gone = 0;
  }

  /** Nobody follows. */
  clear(): void {
    this.#gone = this.#batches.length;
    this.#forget();
    this.#bytes = 0;
  }
}
