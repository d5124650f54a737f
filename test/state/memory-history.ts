import type { Space, StateDelta } from '../../src/ports/delta.ts';
import type {
  AppliedPoint,
  HistoryStore,
  ImageBatch,
  IsLive,
  LoadedImage,
} from '../../src/ports/image-store.ts';

/** An image store as plain arrays: every delta in order, the latest of every record. */
export class MemoryImage {
  readonly #deltas: StateDelta[] = [];
  readonly #records = new Map<string, Uint8Array>();
  #applied: AppliedPoint | null = null;
  readonly #batchSize: number;
  /** Runs before each batch of a history read is handed out: what may happen in between. */
  between: () => void = () => {};

  constructor(batchSize = 3) {
    this.#batchSize = batchSize;
  }

  get size(): number {
    return this.#deltas.length;
  }

  append(batch: ImageBatch): void {
    this.#applied = batch.applied;
    for (const { previous: _, ...delta } of batch.deltas) this.#deltas.push(delta);
    for (const { key, value } of batch.records)
      if (value === null) this.#records.delete(key);
      else this.#records.set(key, value);
  }

  /** Sweeps all of it at once. */
  reclaim(isLive: IsLive): void {
    const kept = this.#deltas.filter(({ space, key, revision, op }) => isLive(space, key, revision, op));
    this.#deltas.length = 0;
    this.#deltas.push(...kept);
  }

  load(): LoadedImage {
    const batches = this.#batches(this.#deltas);
    return {
      applied: this.#applied!,
      records: [...this.#records].map(([key, value]) => ({ key, value })),
      deltas: batches,
    };
  }

  readonly history: HistoryStore = {
    deltas: (space, from, to) =>
      this.#batches(
        this.#deltas.filter(
          (delta) => delta.space === space && delta.revision >= from && delta.revision <= to,
        ),
      ),
    find: async (space: Space, wanted) => {
      await null;
      return wanted.map(({ key, revision }) =>
        this.#deltas.findLast((d) => d.space === space && d.key === key && d.revision === revision),
      );
    },
  };

  async *#batches(deltas: readonly StateDelta[]): AsyncIterable<readonly StateDelta[]> {
    const all = [...deltas];
    for (let i = 0; i < all.length; i += this.#batchSize) {
      await null;
      this.between();
      yield all.slice(i, i + this.#batchSize);
    }
  }
}
