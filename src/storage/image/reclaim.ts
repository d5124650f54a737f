import type { Revision } from '../../foundation/ids.ts';
import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type { AppliedPoint, IsLive, ReclaimProgress } from '../../ports/image-store.ts';
import type { ChunkHeader } from './chunk-codec.ts';
import type { SealedChunk } from './chunk-gatherer.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { type ChunkSource, sliceDeltas } from './history.ts';

export interface Rewrite {
  readonly space: Space;
  readonly gone: readonly ChunkHeader[];
  readonly replacements: readonly SealedChunk[];
  readonly drops: boolean;
}

export interface ReclaimAccess {
  readonly index: ChunkIndex;
  readonly targetBytes: number;
  /** As of the last appended batch, which is what `isLive` answers from. */
  applied(): AppliedPoint | null;
  read(chunk: ChunkHeader): Promise<ChunkSource>;
  /** Resolves in another turn of the event loop. */
  nextTurn(): Promise<void>;
  /** Together with everything appended, in one atomic write: the rewrite is right only for a state that is at least as new. */
  write(rewrite: Rewrite): Promise<void>;
}

interface Pass {
  spaceAt: number;
  next: number;
  /** Compacted revision per space when the pass began. */
  readonly floors: Readonly<Record<Space, Revision>>;
  /** Keys of dead puts that this pass left where they were, in the present space. */
  retained: Set<string>;
  gained: boolean;
}

/** Beyond so many, chunks are rewritten for any gain, so that memory stays bounded. */
const maxRetained = 100_000;
/** Rewriting pays from this share of dead bytes on. */
const worthwhile = 1 / 8;

/**
 * Drops what is dead and merges small neighbours, in passes over all chunks in ascending order of revision.
 *
 * A tombstone hides every older put of its key when the image is loaded. So it may go only when no older chunk can hold such a put:
 * (1) its revision is ≤ the compacted revision of when the pass began: so every older put of the key was dead all through the pass,
 *     whenever the pass came by;
 * (2) the pass did not leave a dead put of that key behind in a chunk not worth rewriting (`retained`).
 * By (1) and (2) each older put was dropped in this pass, by a write that precedes this one, or earlier.
 */
export class Reclaimer {
  readonly #access: ReclaimAccess;
  #pass: Pass | null = null;
  #idleAt: readonly number[] | null = null;

  constructor(access: ReclaimAccess) {
    this.#access = access;
  }

  reset(): void {
    this.#pass = null;
    this.#idleAt = null;
  }

  /** One run of neighbouring chunks, of about the size of one: what a few ms decode and encode. The bytes read, or that a pass ended. */
  async step(isLive: IsLive): Promise<number | Exclude<ReclaimProgress, 'under-way'>> {
    const pass = this.#pass ?? this.#begin();
    if (pass === null) return 'nothing-left';
    this.#pass = pass;
    const space = spaces[pass.spaceAt];
    if (space === undefined) {
      this.#pass = null;
      if (!pass.gained) this.#idleAt = this.#signature();
      return pass.gained ? 'pass-gained' : 'nothing-left';
    }
    const run = this.#run(space, pass.next);
    const last = run.at(-1);
    if (last === undefined) {
      pass.spaceAt++;
      pass.next = 0;
      pass.retained = new Set();
      return 0;
    }
    const sources: ChunkSource[] = [];
    for (const chunk of run) sources.push(await this.#access.read(chunk));
    // What is dead stays dead, so what `isLive` said in an earlier turn holds: the write takes along all that was appended since.
    const rewrite = await this.#plan(space, sources, isLive, pass);
    if (rewrite !== null) {
      await this.#access.write(rewrite);
      // Small neighbours that were only merged make room for nothing: under load every flush makes another one.
      if (rewrite.drops) pass.gained = true;
    }
    pass.next = last.last + 1;
    return sources.reduce((sum, { header }) => sum + header.bytes, 0);
  }

  #begin(): Pass | null {
    const applied = this.#access.applied();
    if (applied === null) return null;
    const signature = this.#signature();
    if (this.#idleAt?.every((value, i) => value === signature[i])) return null;
    const floors = Object.fromEntries(spaces.map((space) => [space, applied.revisions[space].compacted]));
    return {
      spaceAt: 0,
      next: 0,
      floors: floors as Record<Space, Revision>,
      retained: new Set(),
      gained: false,
    };
  }

  /** While this is the same, another pass would find nothing either. */
  #signature(): number[] {
    const applied = this.#access.applied();
    return spaces.flatMap((space) => [
      applied?.revisions[space].compacted ?? 0,
      this.#access.index.of(space).length >> 2,
    ]);
  }

  #run(space: Space, from: number): ChunkHeader[] {
    const list = this.#access.index.of(space);
    const run: ChunkHeader[] = [];
    let bytes = 0;
    for (let at = this.#access.index.positionOf(space, from); at < list.length; at++) {
      const chunk = list[at] as ChunkHeader;
      if (run.length > 0 && bytes + chunk.bytes > this.#access.targetBytes) break;
      run.push(chunk);
      bytes += chunk.bytes;
    }
    return run;
  }

  async #plan(
    space: Space,
    sources: readonly ChunkSource[],
    isLive: IsLive,
    pass: Pass,
  ): Promise<Rewrite | null> {
    const kept: StateDelta[] = [];
    const dead: string[] = [];
    let deadBytes = 0;
    let bytes = 0;
    for (const { header, value } of sources) {
      bytes += header.bytes;
      const reader = new ChunkReader(header, value);
      while (reader.left > 0) {
        for (const delta of reader.next(sliceDeltas)) {
          const live = isLive(space, delta.key, delta.revision, delta.op);
          const held =
            delta.op === 'delete' && (delta.revision > pass.floors[space] || pass.retained.has(delta.key));
          if (live || held) kept.push(delta);
          else {
            deadBytes += delta.key.length + delta.value.length + 12;
            if (delta.op === 'put') dead.push(delta.key);
          }
        }
        // A revision is in one chunk, however many keys it deleted.
        if (reader.left > 0) await this.#access.nextTurn();
      }
    }
    const merges = sources.length > 1 && bytes - deadBytes <= (sources.length - 1) * this.#access.targetBytes;
    const pays = deadBytes > 0 && (deadBytes >= bytes * worthwhile || pass.retained.size > maxRetained);
    if (!merges && !pays) {
      for (const key of dead) pass.retained.add(key);
      return null;
    }
    return {
      space,
      gone: sources.map(({ header }) => header),
      replacements: await this.#encode(space, kept, bytes),
      drops: deadBytes > 0,
    };
  }

  async #encode(space: Space, deltas: readonly StateDelta[], bytes: number): Promise<SealedChunk[]> {
    const { targetBytes } = this.#access;
    const capacity = Math.min(bytes, targetBytes + 65_536);
    const chunks: SealedChunk[] = [];
    let writer = new ChunkWriter(space, capacity);
    let inSlice = 0;
    for (const delta of deltas) {
      if (++inSlice > sliceDeltas) {
        inSlice = 0;
        await this.#access.nextTurn();
      }
      if (writer.bytes >= targetBytes && delta.revision > writer.last) {
        chunks.push(writer.seal());
        writer = new ChunkWriter(space, capacity);
      }
      writer.add(delta);
    }
    if (writer.count > 0) chunks.push(writer.seal());
    return chunks;
  }
}
