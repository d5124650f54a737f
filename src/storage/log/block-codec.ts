import * as crypto from 'node:crypto';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '../../foundation/assert.ts';
import { asBuffer } from '../../foundation/bytes.ts';
import { type LogIndex, logIndex, term } from '../../foundation/ids.ts';
import type { EntryKind, LogEntry } from '../../ports/log-store.ts';
import { hex16, isSealed, sealInPlace } from '../record-codec.ts';

/** 16 bytes as latin1. A buffer for each block of a log, which may have a million, would be dear to the garbage collector. */
export type ChainHash = string;

/** One record of the log: consecutive entries that became durable together. */
export interface Block {
  readonly first: LogIndex;
  readonly last: LogIndex;
  /** Chain hash before the first entry and after the last one. */
  readonly before: ChainHash;
  readonly after: ChainHash;
  readonly bytes: number;
}

/**
 * Little-endian. 0 crc32 (record-codec), 4 'TB', 6 version, 7 zero, 8 first index (6 bytes), 14 zero, 16 count, 20 zero, 24 chain before,
 * 40 chain after, 56 entries: term (6 bytes), kind, zero, length (4), payload.
 */
const headerBytes = 56;
const entryHeaderBytes = 12;
const magic = 0x4254;
const version = 1;
export const chainBytes = 16;
/** The chain before the first entry of a log. */
export const chainStart: ChainHash = '\0'.repeat(chainBytes);

const kinds: readonly EntryKind[] = ['noop', 'commands', 'configuration'];

/**
 * Behind all other keys: a table of LevelDB that held blocks and one of those would overlap every later one, which would then be merged with it
 * instead of only moved down.
 */
export const blockPrefix = 'z/';
export const blockEnd = 'z0';
export function blockKey(first: number): string {
  return blockPrefix + hex16(first);
}

/** Bytes that `entry` takes in a block. */
export function entryBytes(entry: LogEntry): number {
  return entryHeaderBytes + entry.payload.length;
}

const chainInput = Buffer.alloc(chainBytes + 24);
type Hash = (algorithm: string, data: Uint8Array, encoding: 'buffer') => Buffer;
// Node 20.12 on; much faster for short input.
const oneShot = (crypto as unknown as { readonly hash?: Hash }).hash;

/** sha256(chain ‖ term ‖ index ‖ kind ‖ length ‖ crc32(payload)), cut to 16 bytes. */
function nextChain(chain: ChainHash, entry: LogEntry, kind: number): ChainHash {
  chainInput.latin1Write(chain, 0, chainBytes);
  chainInput.writeUIntLE(entry.term, 16, 6);
  chainInput.writeUIntLE(entry.index, 22, 6);
  chainInput.writeUInt32LE(kind, 28);
  chainInput.writeUInt32LE(entry.payload.length, 32);
  chainInput.writeUInt32LE(crc32(entry.payload), 36);
  const digest =
    oneShot === undefined
      ? createHash('sha256').update(chainInput).digest()
      : oneShot('sha256', chainInput, 'buffer');
  return digest.latin1Slice(0, chainBytes);
}

/** Encodes `entries[from, to)`; payloads are copied once. */
export function encodeBlock(
  entries: readonly LogEntry[],
  from: number,
  to: number,
  before: ChainHash,
): { readonly block: Block; readonly key: string; readonly value: Buffer } {
  const firstEntry = entries[from] as LogEntry;
  let bytes = headerBytes;
  for (let i = from; i < to; i++) bytes += entryBytes(entries[i] as LogEntry);
  const value = Buffer.allocUnsafe(bytes);
  value.fill(0, 0, headerBytes);
  value.writeUInt16LE(magic, 4);
  value[6] = version;
  value.writeUIntLE(firstEntry.index, 8, 6);
  value.writeUInt32LE(to - from, 16);
  value.latin1Write(before, 24, chainBytes);
  let chain = before;
  let at = headerBytes;
  for (let i = from; i < to; i++) {
    const entry = entries[i] as LogEntry;
    const kind = kinds.indexOf(entry.kind);
    assert(entry.index === firstEntry.index + i - from, 'entries of a block are consecutive');
    value.writeUIntLE(entry.term, at, 6);
    value[at + 6] = kind;
    value[at + 7] = 0;
    value.writeUInt32LE(entry.payload.length, at + 8);
    value.set(entry.payload, at + entryHeaderBytes);
    at += entryHeaderBytes + entry.payload.length;
    chain = nextChain(chain, entry, kind);
  }
  value.latin1Write(chain, 40, chainBytes);
  const key = blockKey(firstEntry.index);
  const last = logIndex(firstEntry.index + to - from - 1);
  return {
    block: { first: firstEntry.index, last, before, after: chain, bytes },
    key,
    value: sealInPlace(key, value),
  };
}

/** Null: the checksum is wrong, or it is no block of this key. */
export function readBlockHeader(key: string, value: Uint8Array): Block | null {
  const bytes = asBuffer(value);
  if (bytes.length < headerBytes || !isSealed(key, bytes)) return null;
  const first = bytes.readUIntLE(8, 6);
  const count = bytes.readUInt32LE(16);
  if (bytes.readUInt16LE(4) !== magic || bytes[6] !== version || blockKey(first) !== key || count === 0)
    return null;
  return {
    first: logIndex(first),
    last: logIndex(first + count - 1),
    before: bytes.latin1Slice(24, 40),
    after: bytes.latin1Slice(40, 56),
    bytes: bytes.length,
  };
}

/** Of a block whose header was read. The payloads are views of `value`. */
export function readBlockEntries(block: Block, value: Uint8Array): LogEntry[] {
  const bytes = asBuffer(value);
  const entries: LogEntry[] = [];
  let at = headerBytes;
  for (let index = block.first as number; index <= block.last; index++) {
    const kind = kinds[bytes[at + 6] as number];
    const end = at + entryHeaderBytes + bytes.readUInt32LE(at + 8);
    assert(kind !== undefined && end <= bytes.length, 'a block with a right checksum is well formed');
    entries.push({
      term: term(bytes.readUIntLE(at, 6)),
      index: logIndex(index),
      kind,
      payload: bytes.subarray(at + entryHeaderBytes, end),
    });
    at = end;
  }
  return entries;
}
