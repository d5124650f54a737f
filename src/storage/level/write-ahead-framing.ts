import { asBuffer } from '../../foundation/bytes.ts';
import { crc32c, maskCrc } from './crc32c.ts';

/**
 * LevelDB's log-file format (doc/log_format.md): blocks of 32 KiB; in each, physical records of a 7-byte header (masked CRC-32C over
 * type and data, length, type) and data. A logical record is FULL, or FIRST MIDDLE* LAST. Write-ahead files and the MANIFEST use it.
 */
const blockBytes = 32_768;
const headerBytes = 7;
const full = 1;
const first = 2;
const middle = 3;
const last = 4;

/**
 * `torn`: only the last logical record is incomplete, in a way that a crash while it was being written explains.
 * `damaged`: something that had been written whole is no longer right.
 */
export type FramingState = 'clean' | 'torn' | 'damaged';

export interface Framing {
  readonly state: FramingState;
  /** Up to here all logical records are whole and right. */
  readonly goodBytes: number;
  /** Offset of what is wrong, and why; empty when clean. */
  readonly detail: string;
}

/**
 * Walks a whole file. LevelDB itself drops damaged pieces silently and goes on behind them, so this is asked before it opens.
 * `record` is called with every whole logical record.
 */
export function walkFraming(file: Uint8Array, record?: (content: Uint8Array) => void): Framing {
  const bytes = asBuffer(file);
  let offset = 0;
  let goodBytes = 0;
  let parts: Uint8Array[] | null = null;
  while (offset < bytes.length) {
    const blockEnd = Math.min(offset - (offset % blockBytes) + blockBytes, bytes.length);
    const left = blockEnd - offset;
    if (left < headerBytes) {
      if (blockEnd === bytes.length && blockEnd % blockBytes !== 0) break;
      if (!isZero(bytes, offset, blockEnd))
        return fault(bytes, goodBytes, offset, 'the filler of a block is not zero');
      offset = blockEnd;
      continue;
    }
    const length = bytes.readUInt16LE(offset + 4);
    const type = bytes[offset + 6] as number;
    const end = offset + headerBytes + length;
    if (end > blockEnd || type < full || type > last || !checksumHolds(bytes, offset, end)) {
      return fault(bytes, goodBytes, offset, 'a bad checksum');
    }
    if ((type === full || type === first) !== (parts === null)) {
      return fault(bytes, goodBytes, offset, 'a piece of another record');
    }
    const content = bytes.subarray(offset + headerBytes, end);
    offset = end;
    if (type === first) parts = [content];
    else if (type === middle) parts?.push(content);
    else {
      record?.(parts === null ? content : Buffer.concat([...parts, content]));
      parts = null;
      goodBytes = offset;
    }
  }
  if (goodBytes === bytes.length || (parts === null && isFiller(bytes, goodBytes))) {
    return { state: 'clean', goodBytes, detail: '' };
  }
  return {
    state: 'torn',
    goodBytes,
    detail: `the last record, at byte ${goodBytes}, is cut off by the end of the file`,
  };
}

function isFiller(bytes: Buffer, from: number): boolean {
  return (
    bytes.length % blockBytes === 0 && bytes.length - from < headerBytes && isZero(bytes, from, bytes.length)
  );
}

function checksumHolds(bytes: Buffer, offset: number, end: number): boolean {
  return maskCrc(crc32c(bytes, offset + 6, end)) === bytes.readUInt32LE(offset);
}

/** Something is wrong at `offset`, inside or at the start of the logical record that begins at `goodBytes`. Torn or damaged? */
function fault(bytes: Buffer, goodBytes: number, offset: number, what: string): Framing {
  const damaged = (why: string): Framing => ({
    state: 'damaged',
    goodBytes,
    detail: `${what} at byte ${offset} of ${bytes.length}: ${why}`,
  });
  const later = laterRecord(bytes, offset);
  if (later !== null) return damaged(`a record written after it, at byte ${later}, is whole`);
  if (lengthWasAltered(bytes, offset)) return damaged('its length field was altered');
  if (endsInZeros(bytes, offset) || hasUnwrittenSector(bytes, goodBytes) || claimsBeyondEnd(bytes, offset)) {
    return {
      state: 'torn',
      goodBytes,
      detail: `${what} at byte ${offset} of ${bytes.length}, nothing whole behind it`,
    };
  }
  return damaged('the record is complete, so it was altered after it had been written');
}

/** The offset of a record start behind the fault that is whole: proof that the faulty one had been written before. */
function laterRecord(bytes: Buffer, fault: number): number | null {
  let offset = fault + 1;
  // Within the faulty block the frame is lost: try every byte. In later blocks follow the frame, and try every byte once it breaks.
  while (offset + headerBytes <= bytes.length) {
    const blockEnd = Math.min(offset - (offset % blockBytes) + blockBytes, bytes.length);
    if (offset + headerBytes > blockEnd) {
      offset = blockEnd;
      continue;
    }
    const type = bytes[offset + 6] as number;
    const end = offset + headerBytes + bytes.readUInt16LE(offset + 4);
    if (type >= full && type <= last && end <= blockEnd && checksumHolds(bytes, offset, end)) {
      if (type === full || type === first) return offset;
      offset = end;
    } else offset += 1;
  }
  return null;
}

/** The checksum does not cover the length: when it holds for another length, the record had been written and its length was altered. */
function lengthWasAltered(bytes: Buffer, offset: number): boolean {
  const blockEnd = Math.min(offset - (offset % blockBytes) + blockBytes, bytes.length);
  if (blockEnd - offset < headerBytes) return false;
  const end = offset + headerBytes + bytes.readUInt16LE(offset + 4);
  return end !== blockEnd && checksumHolds(bytes, offset, blockEnd);
}

function claimsBeyondEnd(bytes: Buffer, offset: number): boolean {
  const inBlock = blockBytes - (offset % blockBytes);
  const length = bytes.readUInt16LE(offset + 4);
  const type = bytes[offset + 6] as number;
  const fits = headerBytes + length <= inBlock;
  return fits && type >= full && type <= last && offset + headerBytes + length > bytes.length;
}

function endsInZeros(bytes: Buffer, offset: number): boolean {
  return isZero(bytes, offset, bytes.length);
}

/**
 * A disk writes sectors of 512 bytes whole or not at all, and the part of a file that was never written reads as zeros. So a record torn
 * by a power cut holds at least one sector's share of zeros; one that has none was complete.
 */
function hasUnwrittenSector(bytes: Buffer, from: number): boolean {
  const sectorBytes = 512;
  for (let start = from; start < bytes.length; ) {
    const end = Math.min(start - (start % sectorBytes) + sectorBytes, bytes.length);
    if (isZero(bytes, start, end)) return true;
    start = end;
  }
  return false;
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
