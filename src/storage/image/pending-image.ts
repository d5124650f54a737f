import { assert } from '../../foundation/assert.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { AppliedPoint, ImageBatch } from '../../ports/image-store.ts';
import type { ChunkHeader } from './chunk-codec.ts';
import { ChunkWriter } from './chunk-writer.ts';

export interface SealedChunk {
  readonly header: ChunkHeader;
  readonly key: string;
  readonly value: Buffer;
}

/** What one write takes along; stays readable here until it is durable enough to be in the chunk index. */
export interface SealedBatch {
  readonly chunks: readonly SealedChunk[];
  readonly records: ReadonlyMap<string, Uint8Array | null>;
  readonly applied: AppliedPoint;
}

/** What was appended and is not yet written. */
export class PendingImage {
  readonly #targetBytes: number;
  readonly #open = new Map<Space, ChunkWriter>();
  readonly #last = new Map<Space, number>();
  #sealed: SealedChunk[] = [];
  #records = new Map<string, Uint8Array | null>();
  #recordBytes = 0;
  #sealedBytes = 0;
  #expectedBytes = 4096;
  #applied: AppliedPoint | null = null;

  constructor(targetBytes: number) {
    this.#targetBytes = targetBytes;
  }

  /** As of the last batch; null until there was one. */
  get applied(): AppliedPoint | null {
    return this.#applied;
  }

  /** Bytes, O(number of spaces). */
  get bytes(): number {
    let bytes = this.#sealedBytes + this.#recordBytes;
    for (const writer of this.#open.values()) bytes += writer.bytes;
    return bytes;
  }

  append(batch: ImageBatch): void {
    const { deltas, records } = batch;
    let writer: ChunkWriter | null = null;
    for (let i = 0; i < deltas.length; i++) {
      const delta = deltas[i] as (typeof deltas)[number];
      if (writer === null || writer.space !== delta.space) writer = this.#writer(delta.space);
      // Only between revisions, so that a revision's deltas are never in two chunks.
      if (writer.bytes >= this.#targetBytes && delta.revision > writer.last) {
        this.#seal(writer);
        writer = this.#writer(delta.space);
      }
      if (writer.count === 0) this.#checkOrder(delta.space, delta.revision);
      writer.add(delta);
    }
    for (const { key, value } of records) {
      this.#records.set(key, value);
      this.#recordBytes += key.length + (value === null ? 0 : value.length);
    }
    this.#applied = batch.applied;
  }

  /** Finishes what is open and hands out all there is; `written` or `putBack` must follow. Null: nothing was ever appended. */
  seal(): SealedBatch | null {
    if (this.#applied === null) return null;
    for (const space of spaces) {
      const writer = this.#open.get(space);
      if (writer !== undefined && writer.count > 0) this.#seal(writer);
    }
    const records = this.#records;
    this.#records = new Map();
    this.#recordBytes = 0;
    return { chunks: [...this.#sealed], records, applied: this.#applied };
  }

  written(batch: SealedBatch): void {
    this.#sealed.splice(0, batch.chunks.length);
    for (const { header } of batch.chunks) this.#sealedBytes -= header.bytes;
  }

  /** Nothing of it was written. */
  putBack(batch: SealedBatch): void {
    const newer = this.#records;
    this.#records = new Map(batch.records);
    for (const [key, value] of newer) this.#records.set(key, value);
    for (const [key, value] of batch.records)
      this.#recordBytes += key.length + (value === null ? 0 : value.length);
  }

  /** The first unwritten chunk of the space that reaches to `revision`. */
  find(space: Space, revision: number): { readonly header: ChunkHeader; readonly value: Buffer } | null {
    for (const chunk of this.#sealed) {
      if (chunk.header.space === space && chunk.header.last >= revision) return chunk;
    }
    const writer = this.#open.get(space);
    return writer !== undefined && writer.count > 0 && writer.last >= revision ? writer.view() : null;
  }

  /** The space's last revision that the image holds, from loading. */
  noteLast(space: Space, revision: number): void {
    this.#last.set(space, revision);
  }

  clear(): void {
    this.#open.clear();
    this.#last.clear();
    this.#sealed = [];
    this.#records = new Map();
    this.#recordBytes = 0;
    this.#sealedBytes = 0;
    this.#applied = null;
  }

  #writer(space: Space): ChunkWriter {
    const existing = this.#open.get(space);
    if (existing !== undefined) return existing;
    const writer = new ChunkWriter(space, this.#expectedBytes);
    this.#open.set(space, writer);
    return writer;
  }

  #seal(writer: ChunkWriter): void {
    const chunk = writer.seal();
    this.#open.delete(writer.space);
    this.#sealed.push(chunk);
    this.#sealedBytes += chunk.header.bytes;
    this.#last.set(writer.space, writer.last);
    this.#expectedBytes = Math.min(Math.ceil(chunk.header.bytes * 1.25), this.#targetBytes + 65_536);
  }

  #checkOrder(space: Space, revision: number): void {
    assert(
      revision > (this.#last.get(space) ?? 0),
      'deltas of a space come in order of revision, a revision in one batch',
    );
  }
}
