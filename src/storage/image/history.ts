import type { ByteString } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { Space, StateDelta } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { ChunkHeader } from './chunk-codec.ts';
import { ChunkReader } from './chunk-reader.ts';

export interface ChunkSource {
  readonly header: ChunkHeader;
  readonly value: Uint8Array;
}

/** Deltas decoded in one go; a reader of many gives the event loop back between them. */
export const sliceDeltas = 2048;
/** A chunk of so many is decoded at once; one of a revision that deleted far more, in slices. */
const wholeDeltas = 8192;
const cachedChunks = 16;

/** Reads chunks, on the disk or not yet written, through `chunkAt`: the first chunk of the space that reaches to that revision. */
export class History implements HistoryStore {
  readonly #chunkAt: (space: Space, from: Revision) => Promise<ChunkSource | null>;
  readonly #nextTurn: () => Promise<void>;
  /** Decoded chunks, the least recently used first. */
  readonly #decoded = new Map<ChunkHeader, readonly StateDelta[]>();

  constructor(
    chunkAt: (space: Space, from: Revision) => Promise<ChunkSource | null>,
    nextTurn: () => Promise<void>,
  ) {
    this.#chunkAt = chunkAt;
    this.#nextTurn = nextTurn;
  }

  async *deltas(space: Space, from: Revision, to: Revision): AsyncGenerator<readonly StateDelta[]> {
    for (let next = from; next <= to; ) {
      const source = await this.#chunkAt(space, next);
      if (source === null || source.header.first > to) return;
      const reader = new ChunkReader(source.header, source.value);
      while (reader.left > 0) {
        const slice = reader.next(sliceDeltas);
        const start = firstFrom(slice, next);
        const end = firstFrom(slice, to + 1);
        if (start < end) yield slice.slice(start, end);
      }
      next = revision(source.header.last + 1);
    }
  }

  async find(
    space: Space,
    wanted: readonly { readonly key: ByteString; readonly revision: Revision }[],
  ): Promise<readonly (StateDelta | undefined)[]> {
    const order = wanted.map((_, i) => i).sort((a, b) => revisionAt(wanted, a) - revisionAt(wanted, b));
    const found = new Array<StateDelta | undefined>(wanted.length).fill(undefined);
    let source: ChunkSource | null = null;
    let deltas: readonly StateDelta[] = [];
    for (const i of order) {
      const item = wanted[i];
      if (item === undefined) continue;
      if (source === null || source.header.last < item.revision) {
        source = await this.#chunkAt(space, item.revision);
        if (source === null) break;
        deltas = await this.#decode(source);
      }
      for (let at = firstFrom(deltas, item.revision); at < deltas.length; at++) {
        const delta = deltas[at] as StateDelta;
        if (delta.revision !== item.revision) break;
        // A transaction may delete a key and put it again: its last word counts.
        if (delta.key === item.key) found[i] = delta;
      }
    }
    return found;
  }

  clear(): void {
    this.#decoded.clear();
  }

  async #read({ header, value }: ChunkSource): Promise<readonly StateDelta[]> {
    const reader = new ChunkReader(header, value);
    if (header.count <= wholeDeltas) return reader.next(header.count);
    const deltas: StateDelta[] = [];
    while (reader.left > 0) {
      for (const delta of reader.next(sliceDeltas)) deltas.push(delta);
      await this.#nextTurn();
    }
    return deltas;
  }

  /** The header object stands for the content: a rewritten chunk has a new one. */
  async #decode(source: ChunkSource): Promise<readonly StateDelta[]> {
    const { header } = source;
    const cached = this.#decoded.get(header);
    const deltas = cached ?? (await this.#read(source));
    this.#decoded.delete(header);
    this.#decoded.set(header, deltas);
    if (this.#decoded.size > cachedChunks) {
      for (const oldest of this.#decoded.keys()) {
        this.#decoded.delete(oldest);
        break;
      }
    }
    return deltas;
  }
}

function revisionAt(wanted: readonly { readonly revision: Revision }[], i: number): number {
  return wanted[i]?.revision ?? 0;
}

/** Position of the first delta whose revision is ≥ `from`. */
function firstFrom(deltas: readonly StateDelta[], from: number): number {
  let low = 0;
  let high = deltas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((deltas[middle] as StateDelta).revision < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
