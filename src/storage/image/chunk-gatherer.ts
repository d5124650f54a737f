import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type { ChunkHeader } from './chunk-codec.ts';
import { ChunkWriter } from './chunk-writer.ts';

export interface SealedChunk {
  readonly header: ChunkHeader;
  readonly key: string;
  readonly value: Buffer;
}

/** Makes chunks of deltas: one open a space, and those that are full. */
export class ChunkGatherer {
  readonly #targetBytes: number;
  readonly #opened: (space: Space, first: number) => void;
  readonly #open = new Map<Space, ChunkWriter>();
  #sealed: SealedChunk[] = [];
  #sealedBytes = 0;
  #expectedBytes = 4096;

  /** `opened`: a chunk of the space begins with that revision. */
  constructor(targetBytes: number, opened: (space: Space, first: number) => void) {
    this.#targetBytes = targetBytes;
    this.#opened = opened;
  }

  get bytes(): number {
    let bytes = this.#sealedBytes;
    for (const writer of this.#open.values()) bytes += writer.bytes;
    return bytes;
  }

  get sealed(): readonly SealedChunk[] {
    return this.#sealed;
  }

  add(deltas: readonly StateDelta[]): void {
    let writer: ChunkWriter | null = null;
    for (let i = 0; i < deltas.length; i++) {
      const delta = deltas[i] as StateDelta;
      if (writer === null || writer.space !== delta.space) writer = this.#writer(delta.space);
      // Only between revisions, so that a revision's deltas are never in two chunks.
      if (writer.bytes >= this.#targetBytes && delta.revision > writer.last) {
        this.#seal(writer);
        writer = this.#writer(delta.space);
      }
      if (writer.count === 0) this.#opened(delta.space, delta.revision);
      writer.add(delta);
    }
  }

  /** Finishes what is open. */
  seal(): void {
    for (const space of spaces) this.#sealOpen(space);
  }

  /** Takes over all that `other` has gathered, which is newer, so that `other` is empty. */
  take(other: ChunkGatherer): void {
    for (const chunk of other.#sealed) {
      this.#sealOpen(chunk.header.space);
      this.#keep(chunk);
    }
    for (const [space, writer] of other.#open) {
      if (writer.count === 0) continue;
      this.#sealOpen(space);
      this.#open.set(space, writer);
    }
    other.clear();
  }

  /** The oldest so many are no longer needed here. */
  drop(chunks: readonly SealedChunk[]): void {
    this.#sealed.splice(0, chunks.length);
    for (const { header } of chunks) this.#sealedBytes -= header.bytes;
  }

  /** The first chunk of the space that reaches to `revision`. */
  find(space: Space, revision: number): { readonly header: ChunkHeader; readonly value: Buffer } | null {
    for (const chunk of this.#sealed) {
      if (chunk.header.space === space && chunk.header.last >= revision) return chunk;
    }
    const writer = this.#open.get(space);
    return writer !== undefined && writer.count > 0 && writer.last >= revision ? writer.view() : null;
  }

  clear(): void {
    this.#open.clear();
    this.#sealed = [];
    this.#sealedBytes = 0;
  }

  #writer(space: Space): ChunkWriter {
    const existing = this.#open.get(space);
    if (existing !== undefined) return existing;
    const writer = new ChunkWriter(space, this.#expectedBytes);
    this.#open.set(space, writer);
    return writer;
  }

  #sealOpen(space: Space): void {
    const writer = this.#open.get(space);
    if (writer !== undefined && writer.count > 0) this.#seal(writer);
  }

  #seal(writer: ChunkWriter): void {
    const chunk = writer.seal();
    this.#open.delete(writer.space);
    this.#keep(chunk);
    this.#expectedBytes = Math.min(Math.ceil(chunk.header.bytes * 1.25), this.#targetBytes + 65_536);
  }

  #keep(chunk: SealedChunk): void {
    this.#sealed.push(chunk);
    this.#sealedBytes += chunk.header.bytes;
  }
}
