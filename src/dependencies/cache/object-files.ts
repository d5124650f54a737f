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
import { decodeMeta, encodeMeta, type ObjectMeta } from './object-meta.ts';

/** A file that an object is written to before it is one. */
export interface StagedFile {
  readonly handle: FileHandle;
  readonly path: string;
}

export interface StoredObject {
  readonly meta: ObjectMeta;
  /** ms since 1970. */
  readonly usedMs: number;
}

/** A file that has other bytes than its name says. */
class OtherBytes extends Error {}

/** Other bytes, none, or a disk that cannot give them: not what passes, such as too many open files, or a right that was taken. */
export function isDamage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof OtherBytes || code === 'ENOENT' || code === 'EIO';
}

const readAtOnce = 64;
const highWaterMark = 256 * 1024;

/** A file to write an object to. */
export interface Staged extends StagedFile {
  /** Room in it up to `end`, to be asked for before it is written there; others give way. False: there is none beside what else is on its way. */
  reserve(end: number): boolean;
}

/**
 * The files of objects: `objects/ab/SHA256` and beside it `SHA256.json`, which comes after the bytes and goes before them. When one was last used is the time
 * of the latter. Every name is a digest that was made here, so no request can name another file.
 */
export class ObjectFiles {
  readonly #folder: string;
  /** What is being removed must be gone before it comes anew. */
  readonly #unlinking = new Map<string, Promise<void>>();
  readonly #describing = new Map<string, Promise<void>>();
  #nextPart = 1;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All that are whole by their size, used longest ago first. What belongs to none is removed. */
  async load(): Promise<readonly StoredObject[]> {
    const objects = join(this.#folder, 'objects');
    const found: StoredObject[] = [];
    for (const shard of await readdir(objects).catch(() => [])) {
      const names = await readdir(join(objects, shard)).catch(() => []);
      const there = new Set(names);
      const digests = names.flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
      for (let i = 0; i < digests.length; i += readAtOnce)
        await Promise.all(
          digests.slice(i, i + readAtOnce).map(async (sha256) => {
            const loaded = await this.#loadOne(sha256).catch(() => null);
            if (loaded === null) await this.unlink(sha256);
            else found.push(loaded);
            there.delete(sha256);
            there.delete(`${sha256}.json`);
          }),
        );
      // Bytes whose description was never written, or is gone already.
      for (const name of there) await rm(join(objects, shard, name), { force: true, recursive: true });
    }
    return found.sort((a, b) => a.usedMs - b.usedMs);
  }

  async stage(): Promise<StagedFile> {
    const path = join(this.#folder, 'parts', String(this.#nextPart++));
    return { handle: await open(path, 'wx+'), path };
  }

  /** Closes the file, and removes it unless it became an object. */
  async discard({ handle, path }: StagedFile): Promise<void> {
    await handle.close().catch(() => undefined);
    await rm(path, { force: true }).catch(() => undefined);
  }

  /** The staged bytes become the object's. */
  async adopt({ path }: StagedFile, meta: ObjectMeta): Promise<void> {
    const { sha256 } = meta;
    await this.#unlinking.get(sha256);
    await mkdir(join(this.#file(sha256), '..'), { recursive: true });
    await rename(path, this.#file(sha256));
    try {
      await this.describe(meta);
    } catch (error) {
      // Bytes that nobody would find, or count.
      await this.unlink(sha256);
      throw error;
    }
  }

  /** One after the other for an object; the latest stays. */
  async describe(meta: ObjectMeta): Promise<void> {
    const { sha256 } = meta;
    const before = this.#describing.get(sha256);
    const written = (before ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => writeFile(this.#metaFile(sha256), encodeMeta(meta)));
    this.#describing.set(sha256, written);
    try {
      await written;
    } finally {
      if (this.#describing.get(sha256) === written) this.#describing.delete(sha256);
    }
  }

  /** Nothing is being written or removed any more. */
  async settled(): Promise<void> {
    while (this.#describing.size + this.#unlinking.size > 0)
      await Promise.allSettled([...this.#describing.values(), ...this.#unlinking.values()]);
  }

  /** `atMs`: since 1970. */
  async touch(sha256: string, atMs: number): Promise<void> {
    await utimes(this.#metaFile(sha256), atMs / 1000, atMs / 1000).catch(() => undefined);
  }

  /** The bytes from `from` to `before`. Fails where they are not all there; the whole is compared with its name before its last piece is given out. */
  async *read(
    { sha256, size }: ObjectMeta,
    from: number,
    before: number,
  ): AsyncGenerator<Buffer, void, undefined> {
    if (from >= before) return;
    const hash = from === 0 && before === size ? createHash('sha256') : null;
    const range = { start: from, end: before - 1, highWaterMark };
    let last: Buffer | null = null;
    let read = 0;
    for await (const chunk of createReadStream(this.#file(sha256), range) as AsyncIterable<Buffer>) {
      hash?.update(chunk);
      read += chunk.length;
      if (last !== null) yield last;
      last = chunk;
    }
    if (read !== before - from || (hash !== null && hash.digest('hex') !== sha256))
      throw new OtherBytes('its bytes are others');
    if (last !== null) yield last;
  }

  /** Whether the bytes are those that the object is named after. Fails where they cannot be read at present. */
  async isIntact({ sha256, size }: ObjectMeta): Promise<boolean> {
    const hash = createHash('sha256');
    let read = 0;
    try {
      for await (const chunk of createReadStream(this.#file(sha256), { highWaterMark })) {
        hash.update(chunk);
        read += chunk.length;
      }
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
    if (mutant.active === 'dependency-scrub-trusts-name') return read === size;
    return read === size && hash.digest('hex') === sha256;
  }

  unlink(sha256: string): Promise<void> {
    const gone = this.#unlinkFiles(sha256).finally(() => {
      if (this.#unlinking.get(sha256) === gone) this.#unlinking.delete(sha256);
    });
    this.#unlinking.set(sha256, gone);
    return gone;
  }

  async #unlinkFiles(sha256: string): Promise<void> {
    await this.#unlinking.get(sha256);
    await this.#describing.get(sha256)?.catch(() => undefined);
    await rm(this.#metaFile(sha256), { force: true }).catch(() => undefined);
    await rm(this.#file(sha256), { force: true }).catch(() => undefined);
  }

  async #loadOne(sha256: string): Promise<StoredObject | null> {
    const [text, file, metaFile] = await Promise.all([
      readFile(this.#metaFile(sha256), 'utf8'),
      stat(this.#file(sha256)),
      stat(this.#metaFile(sha256)),
    ]);
    const meta = decodeMeta(text, sha256);
    return meta === null || file.size !== meta.size ? null : { meta, usedMs: metaFile.mtimeMs };
  }

  #file(sha256: string): string {
    return join(this.#folder, 'objects', sha256.slice(0, 2), sha256);
  }

  #metaFile(sha256: string): string {
    return `${this.#file(sha256)}.json`;
  }
}

/** What a reader is told where an object's bytes could not be given. */
export function unread({ sha256 }: ObjectMeta, error: unknown): TanistError {
  const why = asError(error).message;
  return isDamage(error)
    ? new TanistError('integrity-mismatch', `the cache had ${sha256} damaged (${why}); ask again`)
    : new TanistError('unavailable', `the cache cannot be read (${why}); ask again`);
}
