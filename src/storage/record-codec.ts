import { crc32 } from 'node:zlib';
import { asBuffer } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';

/** The highest format that this version reads and the one that it writes. */
export const formatVersion = 1;

/** `crc32(key, content)` in front of the content: a value that belongs to another key is noticed like a flipped bit. */
const crcBytes = 4;

export function keyCrc(key: string): number {
  return crc32(key);
}

export function sealRecord(key: string, content: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(crcBytes + content.length);
  value.set(content, crcBytes);
  return sealInPlace(key, value);
}

/** The content is there from byte 4 on already. */
export function sealInPlace(key: string, value: Buffer): Buffer {
  value.writeUInt32LE(crc32(value.subarray(crcBytes), keyCrc(key)), 0);
  return value;
}

export function isSealed(key: string, value: Uint8Array): boolean {
  if (value.length < crcBytes) return false;
  const bytes = asBuffer(value);
  return crc32(bytes.subarray(crcBytes), keyCrc(key)) === bytes.readUInt32LE(0);
}

/** The content, or a `data-damaged` error that names the record. */
export function openRecord(place: string, key: string, value: Uint8Array): Buffer {
  if (!isSealed(key, value)) throw damaged(place, `the checksum of record ${JSON.stringify(key)} is wrong`);
  return asBuffer(value).subarray(crcBytes);
}

export function sealJson(key: string, content: unknown): Buffer {
  return sealRecord(key, Buffer.from(JSON.stringify(content), 'utf8'));
}

export function openJson(place: string, key: string, value: Uint8Array): unknown {
  return JSON.parse(openRecord(place, key, value).toString('utf8'));
}

/** `place`: which store, for the reader of the message. */
export function damaged(place: string, what: string, cause?: unknown): TanistError {
  return new TanistError(
    'data-damaged',
    `${place} is damaged: ${what}. Nothing was cut off.${withOthers}`,
    cause === undefined ? undefined : { cause },
  );
}

const withOthers =
  " Keep a copy, remove this node's data folder and let it join again while a majority of the others is healthy";

/** The same of a replica that no other can make whole: to remove its folder would lose what is left. */
export function damagedAlone(error: TanistError): TanistError {
  return new TanistError(
    'data-damaged',
    `${error.message.replace(withOthers, '')} No other replica votes, so none can make it whole: keep a copy of the folder, ` +
      'and restore the newest backup (tanist restore FILE --data DIR)',
    { cause: error },
  );
}

/** 16 hex digits: numbers order like their keys. */
export function hex16(value: number): string {
  return value.toString(16).padStart(16, '0');
}
