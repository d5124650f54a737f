import { assert } from '../../foundation/assert.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { ChunkHeader } from './chunk-codec.ts';

/** How many chunks of a space there are, and a sum over them: a chunk that vanished as a whole shows. */
export interface ChunkSum {
  readonly count: number;
  readonly sum: number;
}
export type ChunkSums = Readonly<Record<Space, ChunkSum>>;

/** Which chunks are on the disk, per space in order of revision. */
export class ChunkIndex {
  readonly #chunks = new Map<Space, ChunkHeader[]>(spaces.map((space) => [space, []]));
  #bytes = 0;

  /** Of all chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  of(space: Space): readonly ChunkHeader[] {
    return this.#list(space);
  }

  add(chunk: ChunkHeader): void {
    const list = this.#list(chunk.space);
    const before = list.at(-1);
    assert(before === undefined || before.last < chunk.first, 'chunks of a space come in order of revision');
    list.push(chunk);
    this.#bytes += chunk.bytes;
  }

  /** Puts `replacements` in the place of `count` chunks from position `at` on. */
  replace(space: Space, at: number, count: number, replacements: readonly ChunkHeader[]): void {
    const gone = this.#list(space).splice(at, count, ...replacements);
    this.#bytes += bytesOf(replacements) - bytesOf(gone);
  }

  /** Position of the first chunk whose last revision is ≥ `revision`. */
  positionOf(space: Space, revision: number): number {
    const list = this.#list(space);
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list[middle] as ChunkHeader).last < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clear(): void {
    for (const list of this.#chunks.values()) list.length = 0;
    this.#bytes = 0;
  }

  #list(space: Space): ChunkHeader[] {
    const list = this.#chunks.get(space);
    assert(list !== undefined, 'every space has a list');
    return list;
  }
}

function bytesOf(chunks: readonly ChunkHeader[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes, 0);
}

export const emptySums: ChunkSums = Object.fromEntries(
  spaces.map((space) => [space, { count: 0, sum: 0 }]),
) as unknown as ChunkSums;

/** `sums` after chunks were added (`sign` 1) or taken away (-1). */
export function sumChunks(sums: ChunkSums, chunks: readonly ChunkHeader[], sign: 1 | -1): ChunkSums {
  const result: Record<Space, ChunkSum> = { ...sums };
  for (const chunk of chunks) {
    const { count, sum } = result[chunk.space];
    result[chunk.space] = { count: count + sign, sum: (sum + sign * weight(chunk)) >>> 0 };
  }
  return result;
}

function weight(chunk: ChunkHeader): number {
  let hash = Math.imul((chunk.first % 4294967296) | 0, 0x9e3779b1);
  hash = Math.imul(hash ^ ((chunk.last % 4294967296) | 0), 0x85ebca6b) ^ (hash >>> 13);
  return Math.imul(hash ^ chunk.count, 0xc2b2ae35) >>> 0;
}
