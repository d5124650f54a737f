import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { asError, TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AddressFacts, ContentKey } from '../../ports/dependency-registry.ts';
import { keyText, sha256Key } from '../content-key.ts';
import { type CacheFolder, openCacheFolder } from './cache-folder.ts';
import { decodeMeta, encodeMeta, type ObjectMeta } from './object-meta.ts';

export interface CacheOptions {
  readonly folder: string;
  /** Beyond it the objects go that were used longest ago. */
  readonly limitBytes: number;
  readonly clock: Clock;
  /** These objects are no longer here: evicted, damaged, or without bytes. */
  readonly onGone: (objects: readonly ObjectMeta[]) => void;
}

/** A file that an object is written to before it is one. */
export interface StagedFile {
  readonly handle: FileHandle;
  readonly path: string;
}

interface Entry {
  meta: ObjectMeta;
  /** Its bytes were compared with its name since they were last in doubt. */
  checked: boolean;
  touchedMs: number;
  /** Downloaded ahead, and not asked for yet. */
  ahead: boolean;
}

export interface ScrubResult {
  readonly objects: number;
  readonly bytes: number;
  readonly damaged: number;
}

const touchEveryMs = 60_000;
const readAtOnce = 64;

/**
 * Objects by content on this machine's disk: `objects/ab/SHA256` and beside it `SHA256.json`, which comes after the bytes and goes before them. The order of
 * use is kept in the times of those, so a restart keeps it.
 *
 * 1. An object is found only when its bytes are all there and were compared with its name: before it was taken in, or, after a process that
 *    did not end in an orderly way, before it is first given out.
 * 2. Every name is a digest that this cache made itself, so no request can name another file.
 */
export class ObjectCache {
  readonly #folder: CacheFolder;
  readonly #options: CacheOptions;
  /** In the order of use, the latest last. */
  readonly #entries = new Map<string, Entry>();
  readonly #byKey = new Map<string, string>();
  /** What is being removed must be gone before it comes anew. */
  readonly #unlinking = new Map<string, Promise<void>>();
  #bytes = 0;
  #aheadBytes = 0;
  #nextPart = 1;
  evictions = 0;
  evictedAheadBytes = 0;

  private constructor(folder: CacheFolder, options: CacheOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Errors: those of the folder. */
  static async open(options: CacheOptions): Promise<ObjectCache> {
    const folder = await openCacheFolder(options.folder);
    const cache = new ObjectCache(folder, options);
    await cache.#load();
    return cache;
  }

  get instance(): string {
    return this.#folder.instance;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#entries.size;
  }

  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  /** Of what was downloaded ahead and not asked for yet. */
  get aheadBytes(): number {
    return this.#aheadBytes;
  }

  /** Its size; 0: not here. */
  sizeOf(key: ContentKey): number {
    return this.#entries.get(this.#byKey.get(keyText(key)) ?? '')?.meta.size ?? 0;
  }

  all(): readonly ObjectMeta[] {
    return [...this.#entries.values()].map(({ meta }) => meta);
  }

  /** Null: not here, or what was here was damaged. Counts as a use. */
  async find(key: ContentKey): Promise<ObjectMeta | null> {
    const sha256 = this.#byKey.get(keyText(key));
    const entry = sha256 === undefined ? undefined : this.#entries.get(sha256);
    if (entry === undefined) return null;
    if (!entry.checked && !(await this.#check(entry))) return null;
    this.#touch(entry);
    return entry.meta;
  }

  has(key: ContentKey): boolean {
    return this.#byKey.has(keyText(key));
  }

  /** True once for an object that was downloaded ahead: now it was asked for. */
  takeAhead(sha256: string): boolean {
    const entry = this.#entries.get(sha256);
    const wasAhead = entry?.ahead === true;
    if (entry !== undefined && wasAhead) {
      entry.ahead = false;
      this.#aheadBytes -= entry.meta.size;
    }
    return wasAhead;
  }

  /**
   * An object's bytes, or a part of them. The whole is compared once more on its way, and its last piece held back until then. Fails as
   * `integrity-mismatch` where the disk no longer has what it was given; then it is no longer here.
   */
  async *read(meta: ObjectMeta, from = 0, before = meta.size): AsyncGenerator<Buffer, void, undefined> {
    if (from >= before) return;
    const hash = from === 0 && before === meta.size ? createHash('sha256') : null;
    const range = { start: from, end: before - 1, highWaterMark: 256 * 1024 };
    let held: Buffer | null = null;
    let size = 0;
    try {
      for await (const chunk of createReadStream(this.#file(meta.sha256), range) as AsyncIterable<Buffer>) {
        hash?.update(chunk);
        size += chunk.length;
        if (held !== null) yield held;
        held = chunk;
      }
    } catch (error) {
      await this.remove(meta.sha256);
      throw damaged(meta, asError(error).message);
    }
    if (size !== before - from || (hash !== null && hash.digest('hex') !== meta.sha256)) {
      await this.remove(meta.sha256);
      throw damaged(meta, 'its bytes are others');
    }
    if (held !== null) yield held;
  }

  async stage(): Promise<StagedFile> {
    const path = join(this.#folder.path, 'parts', String(this.#nextPart++));
    return { handle: await open(path, 'wx+'), path };
  }

  /** Closes the file, and removes it unless it became an object. */
  async discard({ handle, path }: StagedFile): Promise<void> {
    await handle.close().catch(() => undefined);
    await rm(path, { force: true }).catch(() => undefined);
  }

  /** The staged bytes, which have these digests, become an object. */
  async adopt(
    staged: StagedFile,
    {
      sha256,
      size,
      keys,
    }: { readonly sha256: string; readonly size: number; readonly keys: readonly ContentKey[] },
    ahead = false,
  ): Promise<ObjectMeta> {
    const known = this.#entries.get(sha256);
    if (known !== undefined) {
      await rm(staged.path, { force: true });
      return await this.#rewrite(known, keys, {});
    }
    const meta = { sha256, size, keys: [sha256Key(sha256), ...withoutSha256(keys)], answers: {} };
    await this.#unlinking.get(sha256);
    await mkdir(join(this.#file(sha256), '..'), { recursive: true });
    await rename(staged.path, this.#file(sha256));
    await writeFile(this.#metaFile(sha256), encodeMeta(meta));
    // Two downloads of the same bytes by different names may have come to an end together.
    const meanwhile = this.#entries.get(sha256);
    if (meanwhile !== undefined) return await this.#rewrite(meanwhile, keys, {});
    this.#put({ meta, checked: true, touchedMs: this.#options.clock.nowMs(), ahead });
    this.#evict(sha256);
    return meta;
  }

  /** Another name for an object that is here, with what an address answered. */
  async addKeys(
    meta: ObjectMeta,
    keys: readonly ContentKey[],
    answers: Readonly<Record<string, AddressFacts>> = {},
  ): Promise<ObjectMeta> {
    const entry = this.#entries.get(meta.sha256);
    return entry === undefined ? meta : await this.#rewrite(entry, keys, answers);
  }

  async remove(sha256: string): Promise<void> {
    const entry = this.#entries.get(sha256);
    if (entry === undefined) return;
    this.#forget(entry);
    this.#options.onGone([entry.meta]);
    await this.#unlink(sha256);
  }

  /** Makes room, as when the disk is full. False: there is nothing to give up. */
  async makeRoom(bytes: number): Promise<boolean> {
    let freed = 0;
    const gone: ObjectMeta[] = [];
    for (const entry of this.#entries.values()) {
      if (freed >= bytes) break;
      freed += entry.meta.size;
      gone.push(entry.meta);
      this.#dropped(entry);
    }
    if (gone.length > 0) this.#options.onGone(gone);
    await Promise.all(gone.map(({ sha256 }) => this.#unlink(sha256)));
    return freed > 0;
  }

  /** Reads everything and compares it; what is damaged goes. `pause` is awaited after each object. */
  async scrub(pause: () => Promise<void> = async () => undefined): Promise<ScrubResult> {
    let objects = 0;
    let bytes = 0;
    let damaged = 0;
    for (const sha256 of [...this.#entries.keys()]) {
      const entry = this.#entries.get(sha256);
      if (entry === undefined) continue;
      objects++;
      bytes += entry.meta.size;
      if (!(await this.#check(entry))) damaged++;
      await pause();
    }
    return { objects, bytes, damaged };
  }

  close(): Promise<void> {
    return this.#folder.close();
  }

  async #load(): Promise<void> {
    const objects = join(this.#folder.path, 'objects');
    const found: { entry: Entry; usedMs: number }[] = [];
    for (const shard of await readdir(objects).catch(() => [])) {
      const names = await readdir(join(objects, shard)).catch(() => []);
      const there = new Set(names);
      const digests = names.flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
      for (let i = 0; i < digests.length; i += readAtOnce)
        await Promise.all(
          digests.slice(i, i + readAtOnce).map(async (sha256) => {
            const loaded = await this.#loadOne(sha256).catch(() => null);
            if (loaded === null) await this.#unlink(sha256);
            else found.push(loaded);
            there.delete(sha256);
            there.delete(`${sha256}.json`);
          }),
        );
      // Bytes whose description was never written, or is gone already.
      for (const name of there) await rm(join(objects, shard, name), { force: true, recursive: true });
    }
    found.sort((a, b) => a.usedMs - b.usedMs);
    for (const { entry } of found) this.#put(entry);
    this.#evict('');
  }

  async #loadOne(sha256: string): Promise<{ entry: Entry; usedMs: number } | null> {
    const [text, file, metaFile] = await Promise.all([
      readFile(this.#metaFile(sha256), 'utf8'),
      stat(this.#file(sha256)),
      stat(this.#metaFile(sha256)),
    ]);
    const meta = decodeMeta(text, sha256);
    if (meta === null || file.size !== meta.size) return null;
    const entry = { meta, checked: this.#folder.wasClosed, touchedMs: 0, ahead: false };
    return { entry, usedMs: metaFile.mtimeMs };
  }

  async #rewrite(
    entry: Entry,
    keys: readonly ContentKey[],
    answers: Readonly<Record<string, AddressFacts>>,
  ): Promise<ObjectMeta> {
    const { meta } = entry;
    const known = new Set(meta.keys.map(keyText));
    const news = withoutSha256(keys).filter((key) => !known.has(keyText(key)));
    entry.meta = { ...meta, keys: [...meta.keys, ...news], answers: { ...meta.answers, ...answers } };
    // An address has one answer at a time: the latest object takes it over.
    for (const key of withoutSha256(keys)) this.#byKey.set(keyText(key), meta.sha256);
    await writeFile(this.#metaFile(meta.sha256), encodeMeta(entry.meta)).catch(() => undefined);
    return entry.meta;
  }

  #put(entry: Entry): void {
    this.#entries.set(entry.meta.sha256, entry);
    this.#bytes += entry.meta.size;
    if (entry.ahead) this.#aheadBytes += entry.meta.size;
    for (const key of entry.meta.keys) this.#byKey.set(keyText(key), entry.meta.sha256);
  }

  #touch(entry: Entry): void {
    const { sha256 } = entry.meta;
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - entry.touchedMs < touchEveryMs) return;
    entry.touchedMs = nowMs;
    const at = this.#options.clock.wallMs() / 1000;
    void utimes(this.#metaFile(sha256), at, at).catch(() => undefined);
  }

  #evict(keep: string): void {
    const gone: ObjectMeta[] = [];
    for (const entry of this.#entries.values()) {
      if (this.#bytes <= this.#options.limitBytes) break;
      if (entry.meta.sha256 === keep) continue;
      gone.push(entry.meta);
      this.#dropped(entry);
    }
    if (gone.length === 0) return;
    this.#options.onGone(gone);
    for (const { sha256 } of gone) void this.#unlink(sha256);
  }

  #dropped(entry: Entry): void {
    this.evictions++;
    if (entry.ahead) this.evictedAheadBytes += entry.meta.size;
    this.#forget(entry);
  }

  #forget({ meta, ahead }: Entry): void {
    if (!this.#entries.delete(meta.sha256)) return;
    this.#bytes -= meta.size;
    if (ahead) this.#aheadBytes -= meta.size;
    for (const key of meta.keys)
      if (this.#byKey.get(keyText(key)) === meta.sha256) this.#byKey.delete(keyText(key));
  }

  async #check(entry: Entry): Promise<boolean> {
    const { meta } = entry;
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of createReadStream(this.#file(meta.sha256), { highWaterMark: 256 * 1024 })) {
        hash.update(chunk);
        size += chunk.length;
      }
      const isSame = hash.digest('hex') === meta.sha256 || mutant.active === 'dependency-scrub-trusts-name';
      entry.checked = size === meta.size && isSame;
    } catch {
      entry.checked = false;
    }
    if (!entry.checked) await this.remove(meta.sha256);
    return entry.checked;
  }

  #unlink(sha256: string): Promise<void> {
    const gone = this.#unlinkFiles(sha256).finally(() => {
      if (this.#unlinking.get(sha256) === gone) this.#unlinking.delete(sha256);
    });
    this.#unlinking.set(sha256, gone);
    return gone;
  }

  async #unlinkFiles(sha256: string): Promise<void> {
    await this.#unlinking.get(sha256);
    await rm(this.#metaFile(sha256), { force: true }).catch(() => undefined);
    await rm(this.#file(sha256), { force: true }).catch(() => undefined);
  }

  #file(sha256: string): string {
    return join(this.#folder.path, 'objects', sha256.slice(0, 2), sha256);
  }

  #metaFile(sha256: string): string {
    return `${this.#file(sha256)}.json`;
  }
}

const withoutSha256 = (keys: readonly ContentKey[]): readonly ContentKey[] =>
  keys.filter(({ algorithm }) => algorithm !== 'sha256');

function damaged({ sha256 }: ObjectMeta, why: string): TanistError {
  return new TanistError('integrity-mismatch', `the cache had ${sha256} damaged (${why}); ask again`);
}
