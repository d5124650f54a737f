import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c, maskCrc } from './crc32c.ts';
import { applyVersionEdit, emptyManifest } from './manifest.ts';
import { walkFraming } from './write-ahead-framing.ts';

/** Where a block is in its table: its content, followed by a byte for the kind of compression and a masked CRC-32C of both. */
interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;

/**
 * Looks at every block of every table of a closed LevelDB, as its own paranoid checks would (doc/table_format.md): LevelDB reads blocks without their
 * checksums, and some damage in them ends the process. Null: all are well; else what was found. Reads all of it, a table at a time. A table that the
 * MANIFEST does not name is none: a crash left it unfinished, and LevelDB removes it.
 */
export async function inspectTables(folder: string): Promise<string | null> {
  const named = await namedTables(folder);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => /\.(?:ldb|sst)$/.test(each)).sort()) {
    if (!named.has(Number.parseInt(name, 10))) continue;
    const problem = problemOf(await readFile(join(folder, name)));
    if (problem !== null) return `${name}: ${problem}`;
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

function problemOf(table: Buffer): string | null {
  if (table.length < footerBytes) return 'it is cut off';
  const footer = table.subarray(table.length - footerBytes);
  if (footer.readBigUInt64LE(footerBytes - 8) !== magic) return 'its footer is wrong';
  const reader = new VarintReader(table, table.length - footerBytes, table.length - 8);
  const metaIndex = reader.handle();
  const index = reader.handle();
  if (metaIndex === null || index === null) return 'its footer is wrong';
  for (const root of [metaIndex, index]) {
    const problem = blockProblem(table, root);
    if (problem !== null) return problem;
    const handles = handlesIn(table, root);
    if (handles === null) return `the block at ${root.offset} lists no blocks`;
    for (const handle of handles) {
      const inner = blockProblem(table, handle);
      if (inner !== null) return inner;
    }
  }
  return null;
}

function blockProblem(table: Buffer, { offset, size }: BlockHandle): string | null {
  const end = offset + size + 1;
  if (end + 4 > table.length - footerBytes) return `the block at ${offset} reaches beyond the table`;
  return table.readUInt32LE(end) === maskCrc(crc32c(table, offset, end))
    ? null
    : `the checksum of the block at ${offset} is wrong`;
}

/** The blocks that an index block lists; none where it is compressed, which this project's are not. Null: it makes no sense. */
function handlesIn(table: Buffer, { offset, size }: BlockHandle): readonly BlockHandle[] | null {
  if (table[offset + size] !== 0) return [];
  if (size < 4) return null;
  const restarts = table.readUInt32LE(offset + size - 4);
  const end = offset + size - 4 - 4 * restarts;
  if (end < offset) return null;
  const handles: BlockHandle[] = [];
  const reader = new VarintReader(table, offset, end);
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
