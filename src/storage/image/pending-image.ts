import { assert } from '../../foundation/assert.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Space, StateDelta } from '../../ports/delta.ts';
import type { AppliedPoint, ImageBatch } from '../../ports/image-store.ts';
import type { ChunkHeader } from './chunk-codec.ts';
import { ChunkGatherer, type SealedChunk } from './chunk-gatherer.ts';

/** What one write takes along; stays readable here until it is durable enough to be in the chunk index. */
export interface SealedBatch {
  readonly chunks: readonly SealedChunk[];
  readonly records: ReadonlyMap<string, Uint8Array | null>;
  readonly applied: AppliedPoint;
}

/** What was appended and is not yet written, and apart from it what was staged. */
export class PendingImage {
  readonly #last = new Map<Space, number>();
  readonly #appended: ChunkGatherer;
  readonly #staged: ChunkGatherer;
  #records = new Map<string, Uint8Array | null>();
  #recordBytes = 0;
  #applied: AppliedPoint | null = null;

  constructor(targetBytes: number) {
    const opened = (space: Space, first: number): void => this.#checkOrder(space, first);
    this.#appended = new ChunkGatherer(targetBytes, opened);
    this.#staged = new ChunkGatherer(targetBytes, opened);
  }

  /** As of the last batch; null until there was one. */
  get applied(): AppliedPoint | null {
    return this.#applied;
  }

  /** Bytes, O(number of spaces). */
  get bytes(): number {
    return this.#appended.bytes + this.#recordBytes;
  }

  /** The beginning of what the next batch brings. */
  stage(deltas: readonly StateDelta[]): void {
    (mutant.active === 'image-half-applied' ? this.#appended : this.#staged).add(deltas);
    this.#note(deltas);
  }

  append(batch: ImageBatch): void {
    const { deltas, records } = batch;
    if (this.#staged.bytes > 0) {
      this.#staged.add(deltas);
      this.#appended.take(this.#staged);
    } else this.#appended.add(deltas);
    this.#note(deltas);
    for (const { key, value } of records) {
      this.#records.set(key, value);
      this.#recordBytes += key.length + (value === null ? 0 : value.length);
    }
    this.#applied = batch.applied;
  }

  /** Finishes what is open and hands out all there is; `written` or `putBack` must follow. Null: nothing was ever appended. */
  seal(): SealedBatch | null {
    if (this.#applied === null) return null;
    this.#appended.seal();
    const records = this.#records;
    this.#records = new Map();
    this.#recordBytes = 0;
    return { chunks: [...this.#appended.sealed], records, applied: this.#applied };
  }

  written(batch: SealedBatch): void {
    this.#appended.drop(batch.chunks);
  }

  /** Nothing of it was written. */
  putBack(batch: SealedBatch): void {
    const newer = this.#records;
    this.#records = new Map(batch.records);
    for (const [key, value] of newer) this.#records.set(key, value);
    for (const [key, value] of batch.records)
      this.#recordBytes += key.length + (value === null ? 0 : value.length);
  }

  /** It is about to be written, or removed. */
  hasRecord(key: string): boolean {
    return this.#records.has(key);
  }

  /** The first unwritten chunk of the space that reaches to `revision`. */
  find(space: Space, revision: number): { readonly header: ChunkHeader; readonly value: Buffer } | null {
    return this.#appended.find(space, revision) ?? this.#staged.find(space, revision);
  }

  /** The space's last revision that the image holds, from loading. */
  noteLast(space: Space, revision: number): void {
    this.#last.set(space, revision);
  }

  clear(): void {
    this.#appended.clear();
    this.#staged.clear();
    this.#last.clear();
    this.#records = new Map();
    this.#recordBytes = 0;
    this.#applied = null;
  }

  /** Deltas come in order, so the last of a space is its newest. */
  #note(deltas: readonly StateDelta[]): void {
    for (let i = 0; i < deltas.length; i++) {
      const { space, revision } = deltas[i] as StateDelta;
      if (deltas[i + 1]?.space !== space) this.#last.set(space, revision);
    }
  }

  #checkOrder(space: Space, revision: number): void {
    assert(
      revision > (this.#last.get(space) ?? 0),
      'deltas of a space come in order of revision, a revision in one batch',
    );
  }
}
