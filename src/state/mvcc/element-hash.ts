import type { KeyValue } from '../../ports/delta.ts';

const headerBytes = 40;
let scratch = makeScratch(64 * 1024);

function makeScratch(bytes: number) {
  const memory = new ArrayBuffer(bytes);
  return {
    bytes: Buffer.from(memory),
    words: new Int32Array(memory),
    floats: new Float64Array(memory, 0, headerBytes / 8),
    leases: new BigInt64Array(memory, 0, headerBytes / 8),
  };
}

/** The last result of `hashKeyValue` or `hashRecord`, int32 each: returned here and not as an object, one call a put. */
export const elementHash = { a: 0, b: 0 };

/** Two 32-bit hashes of all fields, into `elementHash`. */
export function hashKeyValue(keyValue: KeyValue): void {
  const { key, value } = keyValue;
  prepare(key.length + value.length);
  const { leases, floats, words, bytes } = scratch;
  leases[0] = keyValue.lease;
  floats[1] = keyValue.createRevision;
  floats[2] = keyValue.modRevision;
  floats[3] = keyValue.version;
  words[8] = key.length;
  words[9] = value.length;
  bytes.latin1Write(key, headerBytes, key.length);
  bytes.latin1Write(value, headerBytes + key.length, value.length);
  mix(headerBytes + key.length + value.length, 0x2545f491);
}

/** The same of a record beside the keys; `kind` keeps kinds of records apart. */
export function hashRecord(
  kind: number,
  text: string,
  n1: number,
  n2: number,
  n3: number,
  n4: number,
  n5: number,
): void {
  prepare(text.length);
  const { floats, bytes } = scratch;
  floats[0] = n1;
  floats[1] = n2;
  floats[2] = n3;
  floats[3] = n4;
  floats[4] = n5;
  bytes.latin1Write(text, headerBytes, text.length);
  mix(headerBytes + text.length, kind);
}

/** Room for the content, and zeroes behind it up to a whole word. */
function prepare(contentBytes: number): void {
  const needed = headerBytes + contentBytes + 4;
  if (scratch.bytes.length < needed) scratch = makeScratch((needed + 7) & ~7);
  scratch.words[(headerBytes + contentBytes) >>> 2] = 0;
}

/** Multiply-and-rotate over words, twice with different constants, each with MurmurHash3's finalizer (Appleby). */
function mix(lengthBytes: number, seed: number): void {
  const words = scratch.words;
  const count = (lengthBytes + 3) >>> 2;
  let a = seed | 0;
  let b = ~seed;
  for (let i = 0; i < count; i++) {
    const word = words[i] as number;
    a = Math.imul(a ^ word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul((b + word) | 0, 0x9e3779b1);
    b ^= b >>> 15;
  }
  elementHash.a = finish(a ^ lengthBytes);
  elementHash.b = finish(b + lengthBytes);
}

function finish(hash: number): number {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 16 hex digits from the two sums. */
export function formatDigest(a: number, b: number): string {
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}

/** The digest of what is left when the second one's content is taken out of the first one's. */
export function subtractDigest(from: string, taken: string): string {
  const part = (digest: string, at: number): number => Number.parseInt(digest.slice(at, at + 8), 16);
  return formatDigest(part(from, 0) - part(taken, 0), part(from, 8) - part(taken, 8));
}
