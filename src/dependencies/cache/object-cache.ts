import { rm } from 'node:fs/promises';
import type { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import { sha256Key } from '../content-key.ts';
import { type CacheFolder, openCacheFolder } from './cache-folder.ts';
import { isDamage, ObjectFiles, type Staged, type StagedFile, unread } from './object-files.ts';
import { type Entry, ObjectIndex } from './object-index.ts';
import { addressesBeyond, type ObjectMeta, withNames } from './object-meta.ts';
import { type AheadRoom, Room } from './room.ts';
import { type Checked, type ScrubResult, scrubbed } from './scrub.ts';

export interface CacheOptions {
  readonly folder: string;
  /** Beyond it the objects go that were used longest ago. */
  readonly limitBytes: number;
  readonly clock: Clock;
  /** These objects are no longer here: evicted, damaged, or without bytes. */
  readonly onGone: (objects: readonly ObjectMeta[]) => void;
}

const touchEveryMs = 60_000;
/** Addresses of one object, as of an answer that many give: the oldest gives way. */
const mostAddresses = 64;

/**
 * Objects by content on this machine's disk, within a limit; a restart keeps them and the order of their use.
 *
 * An object is found only when its bytes are all there and were compared with its name: before it was taken in, or, after a process that did not end in an
 * orderly way, before it is first given out.
 */
export class ObjectCache {
  readonly #folder: CacheFolder;
  readonly #options: CacheOptions;
  readonly #files: ObjectFiles;
  readonly #index = new ObjectIndex();
  readonly #room: Room;
  #lost: TanistError | null = null;

  private constructor(folder: CacheFolder, options: CacheOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#files = new ObjectFiles(folder.path);
    this.#room = new Room(this.#index, options.limitBytes, options.onGone);
  }

  /** Errors: those of the folder. */
  static async open(options: CacheOptions): Promise<ObjectCache> {
    const folder = await openCacheFolder(options.folder, options.clock);
    const cache = new ObjectCache(folder, options);
    for (const { meta } of await cache.#files.load()) cache.#index.put(meta, folder.wasClosed, 0);
    cache.#evict();
    void folder.lost.then((error) => cache.#abandon(error));
    return cache;
  }

  /** Resolves where another process took the folder: from then on nothing is found here, and nothing written. */
  get lost(): Promise<TanistError> {
    return this.#folder.lost;
  }

  get instance(): string {
    return this.#folder.instance;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  get count(): number {
    return this.#index.count;
  }

  get limitBytes(): number {
    return this.#room.limitBytes;
  }

  get evictions(): number {
    return this.#room.evictions;
  }

  /** Of what was downloaded ahead and gave way before anybody asked for it. */
  get evictedAheadBytes(): number {
    return this.#room.evictedAheadBytes;
  }

  /** Of what was downloaded ahead and not asked for yet. */
  get aheadBytes(): number {
    return this.#index.aheadBytes;
  }

  /** Of files that are being written. */
  get stagedBytes(): number {
    return this.#room.stagedBytes;
  }

  /** Its size; 0: not here. */
  sizeOf(key: ContentKey): number {
    return this.#index.named(key)?.meta.size ?? 0;
  }

  all(): readonly ObjectMeta[] {
    return [...this.#index.entries()].map(({ meta }) => meta);
  }

  has(key: ContentKey): boolean {
    return this.#index.named(key) !== undefined;
  }

  /** Null: not here, or what was here was damaged. Counts as a use. */
  async find(key: ContentKey): Promise<ObjectMeta | null> {
    const entry = this.#index.named(key);
    if (entry === undefined) return null;
    if (!entry.checked && (await this.#check(entry)) !== 'intact') return null;
    // Comparing takes a while: it may have been evicted meanwhile.
    if (this.#index.get(entry.meta.sha256) !== entry) return null;
    this.#touch(entry);
    return entry.meta;
  }

  /** True once for an object that was downloaded ahead: now it was asked for. */
  takeAhead(sha256: string): boolean {
    const entry = this.#index.get(sha256);
    if (entry === undefined || !this.#index.takeAhead(entry)) return false;
    this.#describe(entry);
    return true;
  }

  /** Room for so many more bytes downloaded ahead, where older ones that are not `kept` give way. False: there is none. */
  async makeAheadRoom(bytes: number, room: AheadRoom): Promise<boolean> {
    await this.#unlink(this.#room.freeAhead(bytes, room));
    return this.aheadBytes + bytes <= room.budgetBytes;
  }

  /**
   * An object's bytes, or a part of them. The whole is compared once more on its way, and its last piece held back until then. Fails as
   * `integrity-mismatch` where the disk no longer has what it was given; then it is no longer here. As `unavailable` where it cannot be read at present.
   */
  async *read(meta: ObjectMeta, from = 0, before = meta.size): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* this.#files.read(meta, from, before);
    } catch (error) {
      if (isDamage(error)) await this.remove(meta.sha256);
      throw unread(meta, error);
    }
  }

  /** A file to write an object to. What is on its way counts within the limit, however many are at once. */
  async stage(): Promise<Staged> {
    if (this.#lost !== null) throw this.#lost;
    const file = await this.#files.stage();
    this.#room.begin(file.path);
    const reserve = (end: number): boolean => {
      const gone = this.#room.reserve(file.path, end);
      if (gone !== null) void this.#unlink(gone);
      return gone !== null;
    };
    return { ...file, reserve };
  }

  /** Closes the file, and removes it unless it became an object. */
  discard(staged: StagedFile): Promise<void> {
    this.#room.end(staged.path);
    // By its name it may be another's by now.
    return this.#lost === null ? this.#files.discard(staged) : staged.handle.close().catch(() => undefined);
  }

  /** The staged bytes, which have these digests, become an object. */
  async adopt(
    staged: StagedFile,
    content: { readonly sha256: string; readonly size: number; readonly keys: readonly ContentKey[] },
    ahead = false,
  ): Promise<ObjectMeta> {
    const { sha256, size, keys } = content;
    if (this.#lost !== null) throw this.#lost;
    const known = this.#index.get(sha256);
    if (known !== undefined) {
      this.#room.end(staged.path);
      await rm(staged.path, { force: true });
      return await this.#rename(known, keys, {});
    }
    const aheadMs = ahead ? { aheadMs: this.#options.clock.wallMs() } : {};
    const named = [sha256Key(sha256), ...withoutSha256(keys)];
    const meta: ObjectMeta = { sha256, size, keys: named, answers: {}, ...aheadMs };
    await this.#files.adopt(staged, meta);
    this.#room.end(staged.path);
    // Two downloads of the same bytes by different names may have come to an end together.
    const meanwhile = this.#index.get(sha256);
    if (meanwhile !== undefined) return await this.#rename(meanwhile, keys, {});
    for (const loser of this.#index.put(meta, true, this.#options.clock.nowMs())) this.#describe(loser);
    this.#evict(sha256);
    return meta;
  }

  /** Another name for an object that is here, with what an address answered. */
  async addKeys(
    meta: ObjectMeta,
    keys: readonly ContentKey[],
    answers: Readonly<Record<string, AddressFacts>> = {},
  ): Promise<ObjectMeta> {
    const entry = this.#index.get(meta.sha256);
    return entry === undefined ? meta : await this.#rename(entry, keys, answers);
  }

  async remove(sha256: string): Promise<void> {
    const entry = this.#index.get(sha256);
    if (entry === undefined) return;
    this.#index.forget(entry);
    this.#options.onGone([entry.meta]);
    await this.#files.unlink(sha256);
  }

  /** Makes room, as when the disk is full. False: there is nothing to give up. */
  async makeRoom(bytes: number): Promise<boolean> {
    const gone = this.#room.free(bytes);
    await this.#unlink(gone);
    return gone.length > 0;
  }

  /** Reads everything and compares it; what is damaged goes. `pause` is awaited after each object. */
  async scrub(pause: () => Promise<void> = async () => undefined): Promise<ScrubResult> {
    return await scrubbed(
      this.all(),
      (sha256) => this.#index.get(sha256),
      (entry) => this.#check(entry),
      pause,
    );
  }

  /** What was begun is on the disk before the folder is another's to take, and said to be in order. */
  async close(): Promise<void> {
    await this.#files.settled();
    await this.#folder.close();
  }

  async #rename(
    entry: Entry,
    keys: readonly ContentKey[],
    answers: Readonly<Record<string, AddressFacts>>,
  ): Promise<ObjectMeta> {
    const { meta } = entry;
    const named = withoutSha256(keys);
    const isOther = named.some((key) => this.#index.named(key) !== entry);
    const renamed = withNames(meta, named, answers);
    if (renamed === meta && !isOther) return meta;
    this.#index.describe(entry, renamed);
    for (const loser of this.#index.name(entry, named)) this.#describe(loser);
    const old = addressesBeyond(entry.meta, mostAddresses);
    if (old.length > 0) {
      this.#index.unname(entry, old);
      this.#options.onGone([{ ...entry.meta, keys: old }]);
    }
    this.#evict(meta.sha256);
    await this.#files.describe(entry.meta).catch(() => undefined);
    return entry.meta;
  }

  #abandon(error: TanistError): void {
    this.#lost = error;
    const all = this.all();
    for (const entry of this.#index.entries()) this.#index.forget(entry);
    this.#options.onGone(all);
  }

  #describe({ meta }: Entry): void {
    void this.#files.describe(meta).catch(() => undefined);
  }

  #touch(entry: Entry): void {
    this.#index.toEnd(entry);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - entry.touchedMs < touchEveryMs) return;
    entry.touchedMs = nowMs;
    void this.#files.touch(entry.meta.sha256, this.#options.clock.wallMs());
  }

  #evict(keep = ''): void {
    void this.#unlink(this.#room.evict(keep));
  }

  async #unlink(gone: readonly ObjectMeta[]): Promise<void> {
    await Promise.all(gone.map(({ sha256 }) => this.#files.unlink(sha256)));
  }

  async #check(entry: Entry): Promise<Checked> {
    try {
      entry.checked = await this.#files.isIntact(entry.meta);
    } catch {
      // It may be as it was: nothing is said of it, and it is not given out before it was compared.
      entry.checked = false;
      return 'unknown';
    }
    if (!entry.checked) await this.remove(entry.meta.sha256);
    return entry.checked ? 'intact' : 'damaged';
  }
}

const withoutSha256 = (keys: readonly ContentKey[]): readonly ContentKey[] =>
  keys.filter(({ algorithm }) => algorithm !== 'sha256');
