import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './causes.ts';
import { crc32c, maskCrc } from './crc32c.ts';
import { applyVersionEdit, emptyManifest } from './manifest.ts';
import { walkFraming } from './write-ahead-framing.ts';

/** Where a block is in its table: its content, followed by a byte for the kind of compression and a masked CRC-32C of both. */
interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

const footerBytes = 48;
/** Behind each block: the kind of compression, the checksum. */
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;

export interface TableInspection {
  /** Data blocks are looked at of the newest tables, up to so many bytes of files; of the others only what says where blocks are. */
  readonly wholeBytes: number;
  /** After each piece that was read. */
  readonly pace: (bytes: number) => Promise<void>;
}

/** Read and summed up in one turn: about a millisecond. */
const pieceBytes = 256 * 1024;

/**
 * Looks at the blocks of the tables of a LevelDB, as its own paranoid checks would (doc/table_format.md): LevelDB reads blocks without their checksums, and
 * some damage in them ends the process. Null: all are well; else what was found. A table that the MANIFEST does not name is none: a crash left it unfinished,
 * and LevelDB removes it. Of one that is open a table may go meanwhile: it is not needed any more.
 */
export async function inspectTables(folder: string, inspection: TableInspection): Promise<string | null> {
  const named = await namedTables(folder);
  const names = await readdir(folder).catch(() => []);
  const tables = names
    .filter((name) => /\.(?:ldb|sst)$/.test(name) && named.has(Number.parseInt(name, 10)))
    .sort((left, right) => Number.parseInt(right, 10) - Number.parseInt(left, 10));
  let { wholeBytes } = inspection;
  for (const name of tables) {
    const file = await open(join(folder, name)).catch((cause: unknown) => {
      if (codeOf(cause) === 'ENOENT') return null;
      throw cause;
    });
    if (file === null) continue;
    try {
      const { size } = await file.stat();
      const isWhole = size <= wholeBytes;
      if (isWhole) wholeBytes -= size;
      const problem = await problemOf(file, size, isWhole, inspection.pace);
      if (problem !== null) return `${name}: ${problem}`;
    } finally {
      await file.close();
    }
  }
  return null;
}

async function namedTables(folder: string): Promise<Pick<ReadonlyMap<number, number>, 'has'>> {
  const manifest = emptyManifest();
  const current = await readFile(join(folder, 'CURRENT'), 'latin1').catch(() => '');
  // What is wrong with either file is for `inspectWriteAhead` to say.
  const bytes = await readFile(join(folder, current.trim())).catch(() => null);
  if (bytes === null) return manifest.tables;
  walkFraming(bytes, (record) => {
    applyVersionEdit(manifest, record);
  });
  return manifest.tables;
}

async function problemOf(
  file: FileHandle,
  size: number,
  isWhole: boolean,
  pace: TableInspection['pace'],
): Promise<string | null> {
  if (size < footerBytes) return 'it is cut off';
  const footer = await bytesAt(file, size - footerBytes, footerBytes);
  if (footer === null || footer.readBigUInt64LE(footerBytes - 8) !== magic) return 'its footer is wrong';
  const reader = new VarintReader(footer, 0, footerBytes - 8);
  const metaIndex = reader.handle();
  const index = reader.handle();
  if (metaIndex === null || index === null) return 'its footer is wrong';
  const end = size - footerBytes;
  for (const root of [metaIndex, index]) {
    const problem = await blocksProblem(file, [root], end, pace);
    if (problem !== null) return problem;
    const block = await bytesAt(file, root.offset, root.size + trailerBytes);
    const handles = block === null ? null : handlesIn(block, root.size);
    if (handles === null) return `the block at ${root.offset} lists no blocks`;
    if (root === index && !isWhole) {
      const beyond = handles.find((handle) => handle.offset + handle.size + trailerBytes > end);
      if (beyond !== undefined) return `the block at ${beyond.offset} reaches beyond the table`;
      continue;
    }
    const inner = await blocksProblem(file, handles, end, pace);
    if (inner !== null) return inner;
  }
  return null;
}

/** Neighbours are read together. */
async function blocksProblem(
  file: FileHandle,
  handles: readonly BlockHandle[],
  end: number,
  pace: TableInspection['pace'],
): Promise<string | null> {
  for (let at = 0; at < handles.length; ) {
    const first = handles[at] as BlockHandle;
    let until = first.offset + first.size + trailerBytes;
    let next = at + 1;
    for (; next < handles.length; next++) {
      const { offset, size } = handles[next] as BlockHandle;
      const reach = offset + size + trailerBytes;
      if (offset < first.offset || reach > end || reach - first.offset > pieceBytes) break;
      until = Math.max(until, reach);
    }
    if (until > end) return `the block at ${first.offset} reaches beyond the table`;
    const bytes = await bytesAt(file, first.offset, until - first.offset);
    if (bytes === null) return 'it is cut off';
    for (const { offset, size } of handles.slice(at, next)) {
      const start = offset - first.offset;
      const crcAt = start + size + 1;
      if (bytes.readUInt32LE(crcAt) !== maskCrc(crc32c(bytes, start, crcAt)))
        return `the checksum of the block at ${offset} is wrong`;
    }
    at = next;
    await pace(bytes.length);
  }
  return null;
}

/** Null: the file ends before. */
async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytesRead === length ? bytes : null;
}

/** The blocks that an index block lists; none where it is compressed, which this project's are not. Null: it makes no sense. */
function handlesIn(block: Buffer, size: number): readonly BlockHandle[] | null {
  if (block[size] !== 0) return [];
  if (size < 4) return null;
  const restarts = block.readUInt32LE(size - 4);
  const end = size - 4 - 4 * restarts;
  if (end < 0) return null;
  const handles: BlockHandle[] = [];
  const reader = new VarintReader(block, 0, end);
  while (reader.more) {
    const shared = reader.varint();
    const unshared = reader.varint();
    const valueBytes = reader.varint();
    if (shared === null || unshared === null || valueBytes === null) return null;
    const value = reader.skip(unshared, valueBytes);
    const handle = value === null ? null : value.handle();
    if (handle === null) return null;
    handles.push(handle);
  }
  return handles;
}

class VarintReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get more(): boolean {
    return this.#at < this.#end;
  }

  /** Null: cut off, or larger than any file. */
  varint(): number | null {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 42 && this.#at < this.#end; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return null;
  }

  /** Whether it lies in the table is for whoever reads the block to see: the footer's own bytes are fewer. */
  handle(): BlockHandle | null {
    const offset = this.varint();
    const size = this.varint();
    return offset === null || size === null ? null : { offset, size };
  }

  /** Over a key, to read its value; afterwards behind that. */
  skip(keyBytes: number, valueBytes: number): VarintReader | null {
    const start = this.#at + keyBytes;
    const end = start + valueBytes;
    if (end > this.#end) return null;
    this.#at = end;
    return new VarintReader(this.#bytes, start, end);
  }
}
