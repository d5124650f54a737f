import { assert, present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { logIndex } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseChange, Disk } from '../../ports/database.ts';
import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type {
  AppliedPoint,
  HeldValue,
  ImageBatch,
  ImageCursor,
  ImageReceiver,
  ImageRecord,
  ImageScrub,
  ImageSnapshot,
  ImageStore,
  IsHeld,
  IsLive,
  LoadedImage,
  ReclaimProgress,
  SnapshotPart,
} from '../../ports/image-store.ts';
import { damaged, openJson, openRecord, sealJson, sealRecord } from '../record-codec.ts';
import {
  type ChunkHeader,
  chunkEnd,
  chunkKey,
  chunkPrefix,
  chunksPrefix,
  readChunkHeader,
} from './chunk-codec.ts';
import { ChunkIndex, type ChunkSums, emptySums, sumChunks } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type ChunkSource, History, sliceDeltas } from './history.ts';
import { openImageDatabase, receiveImage } from './image-database.ts';
import { allEnd, type Meta, metaKey, recordEnd, recordPrefix } from './image-records.ts';
import { framesOf } from './outgoing-frames.ts';
import { PendingImage } from './pending-image.ts';
import { Reclaimer, type Rewrite } from './reclaim.ts';
import { scrubStep } from './scrub-step.ts';

export interface OpenImageOptions {
  readonly clusterId: string;
  /** The data folder's path, for messages. */
  readonly folder: string;
  /** Size that chunks are closed at. Default 256 KiB: what decodes in a few ms. */
  readonly chunkBytes?: number;
  /** Resolves in another turn of the event loop. Default: at once. */
  readonly nextTurn?: () => Promise<void>;
}

export interface OpenedImage extends ImageStore {
  /** After `load`: it was taken over from a snapshot and not written since, so the log may not have been reset to it yet. */
  readonly installed: boolean;
  /** As it was found, or as asked for. */
  readonly clusterId: string;
}

/** Opens the image, or makes an empty one. Errors: `data-damaged`, `data-of-another-cluster`, `data-format-newer`. */
export async function openImage(disk: Disk, options: OpenImageOptions): Promise<OpenedImage> {
  const { database, clusterId } = await openImageDatabase(disk, options);
  return new ChunkImageStore(disk, { ...options, clusterId }, database);
}

class ChunkImageStore implements OpenedImage {
  readonly history: History;
  readonly clusterId: string;
  installed = false;
  readonly #disk: Disk;
  readonly #options: OpenImageOptions;
  readonly #place: string;
  readonly #index = new ChunkIndex();
  readonly #pending: PendingImage;
  readonly #reclaimer: Reclaimer;
  #database: Database;
  #sums: ChunkSums = emptySums;
  #flushed: AppliedPoint | null = null;
  #unsynced = false;
  #state: 'closed' | 'opened' | 'loading' | 'loaded' = 'opened';
  #exclusive: Promise<unknown> = Promise.resolve();
  #receiver: ImageReceiver | null = null;

  constructor(disk: Disk, options: OpenImageOptions, database: Database) {
    const targetBytes = options.chunkBytes ?? 256 * 1024;
    this.#disk = disk;
    this.clusterId = options.clusterId;
    this.#options = options;
    this.#place = `the state image in ${options.folder}`;
    this.#database = database;
    this.#pending = new PendingImage(targetBytes);
    const nextTurn = options.nextTurn ?? (async () => {});
    this.history = new History((space, from) => this.#chunkAt(space, from), nextTurn);
    this.#reclaimer = new Reclaimer({
      index: this.#index,
      targetBytes,
      applied: () => this.#pending.applied ?? this.#flushed,
      read: (chunk) => this.#readChunk(chunk),
      nextTurn,
      write: (rewrite) => this.#write(false, rewrite),
    });
  }

  async load(): Promise<LoadedImage | null> {
    assert(this.#state === 'opened', 'the image is loaded once');
    this.#state = 'loading';
    const value = await this.#database.get(metaKey);
    if (value === undefined) {
      const row = await this.#database.last(chunkPrefix, allEnd);
      if (row !== undefined && row.key !== 'format')
        throw damaged(this.#place, 'its applied index is missing');
      this.#state = 'loaded';
      return null;
    }
    const meta = openJson(this.#place, metaKey, value) as Meta;
    const records: ImageRecord[] = [];
    for await (const rows of this.#database.scan(recordPrefix, recordEnd, 256 * 1024)) {
      for (const { key, value } of rows) {
        records.push({ key: key.slice(recordPrefix.length), value: openRecord(this.#place, key, value) });
      }
    }
    this.#sums = meta.chunks;
    this.#flushed = meta.applied;
    this.installed = meta.installed;
    return { applied: mutated(meta.applied), records, deltas: this.#loadDeltas(meta) };
  }

  async *#loadDeltas(meta: Meta): AsyncGenerator<readonly StateDelta[]> {
    let sums = emptySums;
    for await (const rows of this.#database.scan(chunkPrefix, chunkEnd, 256 * 1024)) {
      for (const { key, value } of rows) {
        const header = readChunkHeader(key, value);
        if (header === null) throw damaged(this.#place, `the checksum of record ${key} is wrong`);
        if ((this.#index.of(header.space).at(-1)?.last ?? 0) >= header.first) {
          throw damaged(this.#place, `record ${key} overlaps the one before it`);
        }
        this.#index.add(header);
        this.#pending.noteLast(header.space, header.last);
        sums = sumChunks(sums, [header], 1);
        const reader = new ChunkReader(header, value);
        while (reader.left > 0) yield reader.next(sliceDeltas);
      }
    }
    for (const [space, { count, sum }] of Object.entries(meta.chunks)) {
      const found = sums[space as Space];
      if (found.count === count && found.sum === sum) continue;
      throw damaged(
        this.#place,
        `${found.count} chunks of space ${space} are there, not the ${count} that were written`,
      );
    }
    this.#state = 'loaded';
  }

  append(batch: ImageBatch): void {
    assert(this.#state === 'loaded', 'the image was loaded, with all its deltas, before it is appended to');
    this.#pending.append(batch);
  }

  stage(deltas: readonly StateDelta[]): void {
    assert(this.#state === 'loaded', 'the image was loaded, with all its deltas, before it is appended to');
    this.#pending.stage(deltas);
  }

  pendingBytes(): number {
    return this.#pending.bytes;
  }

  flush(options: { readonly sync: boolean }): Promise<AppliedPoint | null> {
    return this.#alone(async () => {
      await this.#write(options.sync, null);
      return this.#flushed;
    });
  }

  reclaim(isLive: IsLive, budgetBytes: number): Promise<ReclaimProgress> {
    return this.#alone(async () => {
      for (let bytes = 0; bytes < budgetBytes; ) {
        const step = await this.#reclaimer.step(isLive);
        if (typeof step !== 'number') return step;
        bytes += step;
      }
      return 'under-way';
    });
  }

  chunkBytes(): number {
    return this.#index.bytes;
  }

  /** Under the lock. Everything appended, and `rewrite`, in one atomic write. */
  async #write(sync: boolean, rewrite: Rewrite | null): Promise<void> {
    const batch = this.#pending.seal();
    const nothingNew =
      batch === null ||
      (batch.applied === this.#flushed && batch.chunks.length === 0 && batch.records.size === 0);
    if (nothingNew && rewrite === null && !(sync && this.#unsynced)) return;
    const applied = present(batch?.applied ?? this.#flushed, 'what is written has an applied point');
    const chunks = batch?.chunks ?? [];
    const changes: DatabaseChange[] = [];
    let sums = this.#sums;
    if (rewrite !== null) {
      const { space, gone, replacements } = rewrite;
      sums = sumChunks(sums, gone, -1);
      sums = sumChunks(sums, replacements.map(headerOf), 1);
      for (const { first } of gone) changes.push({ type: 'del', key: chunkKey(space, first) });
      for (const { key, value } of replacements) changes.push({ type: 'put', key, value });
    }
    sums = sumChunks(sums, chunks.map(headerOf), 1);
    for (const { key, value } of chunks) changes.push({ type: 'put', key, value });
    for (const [name, value] of batch?.records ?? []) {
      const key = recordPrefix + name;
      changes.push(
        value === null ? { type: 'del', key } : { type: 'put', key, value: sealRecord(key, value) },
      );
    }
    changes.push({
      type: 'put',
      key: metaKey,
      value: sealJson(metaKey, { applied, chunks: sums, installed: false } satisfies Meta),
    });
    try {
      await this.#database.write(changes, { sync });
    } catch (error) {
      if (batch !== null) this.#pending.putBack(batch);
      throw error;
    }
    if (rewrite !== null) {
      const at = this.#index.positionOf(rewrite.space, rewrite.gone[0]?.last ?? 0);
      this.#index.replace(rewrite.space, at, rewrite.gone.length, rewrite.replacements.map(headerOf));
    }
    for (const { header } of chunks) this.#index.add(header);
    if (batch !== null) this.#pending.written(batch);
    this.#sums = sums;
    this.#flushed = applied;
    this.#unsynced = !sync;
    this.installed = false;
  }

  snapshot(part?: SnapshotPart, isHeld?: IsHeld): Promise<ImageSnapshot> {
    return this.#alone(async () => {
      const flushed = present(this.#flushed, 'a snapshot is taken of an image that was flushed');
      const chunks = part === undefined ? this.#sums : sumsOf(this.#sums, part.spaces);
      const rows = this.#database.scan(chunkPrefix, allEnd, 256 * 1024)[Symbol.asyncIterator]();
      const whole = mutant.active === 'snapshot-one-index-off' ? moved(flushed, 1) : flushed;
      const applied = part === undefined ? whole : part.applied(whole);
      return {
        applied,
        chunks: framesOf({
          place: this.#place,
          rows,
          meta: { applied, chunks, installed: true },
          wanted: wantedBy(part),
          isHeld,
          nextTurn: this.#options.nextTurn ?? (async () => {}),
        }),
        close: async () => {
          await rows.return?.();
        },
      };
    });
  }

  async receive(heldValue?: HeldValue): Promise<ImageReceiver> {
    await this.#receiver?.abort();
    const swapped = (swap: () => Promise<void>): Promise<void> =>
      this.#alone(async () => {
        await this.#database.close();
        this.#state = 'closed';
        await swap();
        this.#database = (await openImageDatabase(this.#disk, this.#options)).database;
        this.#index.clear();
        this.#pending.clear();
        this.#reclaimer.reset();
        this.history.clear();
        this.#sums = emptySums;
        this.#flushed = null;
        this.#unsynced = false;
        this.#state = 'opened';
      });
    this.#receiver = await receiveImage(this.#disk, this.#options, swapped, heldValue);
    return this.#receiver;
  }

  async scrub(
    from: ImageCursor,
    budgetBytes: number,
    look: (deltas: readonly StateDelta[]) => Promise<string | null>,
  ): Promise<ImageScrub> {
    // Under the lock, so that what is on the disk and what the index says are of the same moment.
    const step = await this.#alone(() => scrubStep(this.#database, this.#index, from, budgetBytes));
    if (step.fault !== null) return step;
    for (const { header, value } of step.chunks) {
      const reader = new ChunkReader(header, value);
      while (reader.left > 0) {
        const fault = await look(reader.next(sliceDeltas / 4));
        if (fault !== null) return { ...step, fault };
      }
    }
    return step;
  }

  async inspect(pace: (bytes: number) => Promise<void>): Promise<string | null> {
    return (await this.#database.inspect?.(pace)) ?? null;
  }

  missingRecords(keys: readonly string[]): Promise<readonly string[]> {
    return this.#alone(async () => {
      const missing: string[] = [];
      for (const key of keys)
        if (!this.#pending.hasRecord(key) && (await this.#database.get(recordPrefix + key)) === undefined)
          missing.push(key);
      return missing;
    });
  }

  async sizeBytes(): Promise<number> {
    return this.#database.sizeBytes(chunkPrefix, allEnd);
  }

  /** A space at a time, so that the database is free for others in between. Not under the lock: it changes nothing that is stored. */
  async defragment(): Promise<void> {
    for (const prefix of [...spaces.map(chunksPrefix), recordPrefix]) {
      if (this.#state === 'closed') throw new TanistError('closed', 'the state image is closed');
      await this.#database.compact(prefix, `${prefix}~`);
    }
  }

  async close(): Promise<void> {
    await this.#receiver?.abort();
    await this.#exclusive;
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await this.#database.close();
  }

  /** What changes the image on the disk runs one after the other. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const run = this.#exclusive.then(() => {
      if (this.#state === 'closed') throw new TanistError('closed', 'the state image is closed');
      return act();
    });
    this.#exclusive = run.catch(() => undefined);
    return run;
  }

  /** The first chunk of the space that reaches to `from`, on the disk or not yet there. */
  async #chunkAt(space: Space, from: number): Promise<ChunkSource | null> {
    for (;;) {
      const chunk = this.#index.of(space)[this.#index.positionOf(space, from)];
      if (chunk === undefined) return this.#pending.find(space, from);
      const value = await this.#database.get(chunkKey(space, chunk.first));
      if (this.#isPresent(chunk)) {
        const source = sourceOf(chunk, value);
        if (source !== null) return source;
        // A rewrite may be on the disk and not yet in the index.
        await this.#exclusive;
        if (this.#isPresent(chunk)) throw this.#damagedChunk(chunk);
      }
    }
  }

  async #readChunk(chunk: ChunkHeader): Promise<ChunkSource> {
    const source = sourceOf(chunk, await this.#database.get(chunkKey(chunk.space, chunk.first)));
    if (source === null) throw this.#damagedChunk(chunk);
    return source;
  }

  #isPresent(chunk: ChunkHeader): boolean {
    return this.#index.of(chunk.space)[this.#index.positionOf(chunk.space, chunk.last)] === chunk;
  }

  #damagedChunk(chunk: ChunkHeader): TanistError {
    return damaged(
      this.#place,
      `record ${chunkKey(chunk.space, chunk.first)} is gone or its checksum is wrong`,
    );
  }
}

function headerOf(chunk: { readonly header: ChunkHeader }): ChunkHeader {
  return chunk.header;
}

/** With the very header object of the index. Null: not the content it stands for. */
function sourceOf(chunk: ChunkHeader, value: Uint8Array | undefined): ChunkSource | null {
  const header = value === undefined ? null : readChunkHeader(chunkKey(chunk.space, chunk.first), value);
  if (value === undefined || header === null) return null;
  const same = header.last === chunk.last && header.count === chunk.count && header.bytes === chunk.bytes;
  return same ? { header: chunk, value } : null;
}

/** Chunks and records; of a part those that it names. */
function wantedBy(part: SnapshotPart | undefined): (key: string) => boolean {
  if (part === undefined) return (key) => key.startsWith(chunkPrefix) || key.startsWith(recordPrefix);
  const prefixes = part.spaces.map(chunksPrefix);
  return (key) =>
    key.startsWith(chunkPrefix)
      ? prefixes.some((prefix) => key.startsWith(prefix))
      : key.startsWith(recordPrefix) && part.record(key.slice(recordPrefix.length));
}

function sumsOf(sums: ChunkSums, spaces: readonly Space[]): ChunkSums {
  return Object.fromEntries(
    Object.entries(sums).map(([space, sum]) => [
      space,
      spaces.includes(space as Space) ? sum : { count: 0, sum: 0 },
    ]),
  ) as unknown as ChunkSums;
}

function mutated(applied: AppliedPoint): AppliedPoint {
  return mutant.active === 'apply-twice-after-restart' && applied.point.index > 0
    ? moved(applied, -1)
    : applied;
}

function moved(applied: AppliedPoint, by: number): AppliedPoint {
  return { ...applied, point: { index: logIndex(applied.point.index + by), term: applied.point.term } };
}
