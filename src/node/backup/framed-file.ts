import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { asBuffer } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';

/** Which kind of file it is: how it begins (8 characters), and what messages call it and advise. */
export interface FramedKind {
  readonly magic: string;
  readonly format: number;
  readonly noun: string;
  readonly advice: string;
}

/**
 * A file as one stream of bytes: the head (magic, format and length of the text as 32 bits each, little-endian as all of it; the text, JSON;
 * crc32 of it all), then per frame its length (32 bits) and the frame, which begins with its own checksum, length 0, zeroes up to a multiple of 512 bytes, and the sha256 of everything before. etcd's clients look
 * for the checksum by that size.
 */
const headBytes = 16;
const pageBytes = 512;
const sumBytes = 32;
/** More than any frame or head has: a length beyond it is not one. */
const longestBytes = 16 * 1024 * 1024;

export async function* writeFramed(
  kind: FramedKind,
  head: object,
  frames: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  const sum = (bytes: Buffer): Buffer => {
    hash.update(bytes);
    size += bytes.length;
    return bytes;
  };
  yield sum(encodeHead(kind, head));
  for await (const frame of frames) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(frame.length);
    yield sum(Buffer.concat([length, frame]));
  }
  const padding = pageBytes - ((size + 4) % pageBytes);
  yield sum(Buffer.alloc(4 + (padding % pageBytes)));
  yield hash.digest();
}

function encodeHead({ magic, format }: FramedKind, head: object): Buffer {
  const text = Buffer.from(JSON.stringify(head), 'utf8');
  const bytes = Buffer.alloc(headBytes + text.length + 4);
  bytes.latin1Write(magic, 0, 8);
  bytes.writeUInt32LE(format, 8);
  bytes.writeUInt32LE(text.length, 12);
  bytes.set(text, headBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, headBytes + text.length)), headBytes + text.length);
  return bytes;
}

export type FramedPart =
  | { readonly kind: 'head'; readonly head: unknown }
  | { readonly kind: 'frame'; readonly frame: Uint8Array; readonly at: number };

/**
 * The parts of a file as its bytes come in, each checked; after the last one the whole is. Fails with `data-damaged`, saying where, or with
 * `data-format-newer`.
 */
export async function* readFramed(
  kind: FramedKind,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<FramedPart> {
  const damagedBackup = (at: number, what: string): TanistError => damagedFile(kind, at, what);
  const checkedLength = (length: number, at: number): number => {
    if (length > longestBytes) throw damagedBackup(at, 'a length in it is impossible');
    return length;
  };
  const source = new Source(bytes, damagedBackup);
  const start = await source.take(headBytes, 'its head');
  if (start.toString('latin1', 0, 8) !== kind.magic)
    throw damagedBackup(0, `it is no ${kind.noun} of Tanist`);
  if (start.readUInt32LE(8) > kind.format) {
    throw new TanistError(
      'data-format-newer',
      `the ${kind.noun} has format ${start.readUInt32LE(8)}, this version reads up to ${kind.format}: use the version that made it`,
    );
  }
  const text = await source.take(checkedLength(start.readUInt32LE(12), 12), 'its head');
  const check = (await source.take(4, 'its head')).readUInt32LE();
  if (crc32(text, crc32(start)) !== check) throw damagedBackup(0, 'the checksum of its head is wrong');
  yield { kind: 'head', head: JSON.parse(text.toString('utf8')) as unknown };
  for (let number = 0; ; number++) {
    const at = source.at;
    const length = (await source.take(4, `the length of part ${number}`)).readUInt32LE();
    if (length === 0) break;
    const frame = await source.take(checkedLength(length, at), `part ${number}`);
    if (frame.length < 4 || crc32(frame.subarray(4)) !== frame.readUInt32LE()) {
      throw damagedBackup(at, `the checksum of part ${number} is wrong`);
    }
    yield { kind: 'frame', frame, at };
  }
  const at = source.at;
  const padding = (pageBytes - (at % pageBytes)) % pageBytes;
  if ((await source.take(padding, 'its end')).some((byte) => byte !== 0))
    throw damagedBackup(at, 'its padding is altered');
  const expected = source.digest();
  if (!(await source.take(sumBytes, 'its checksum')).equals(expected))
    throw damagedBackup(source.at - sumBytes, 'the checksum of the whole is wrong');
  if (await source.more()) throw damagedBackup(source.at, 'something follows its end');
}

export function damagedFile({ noun, advice }: FramedKind, at: number, what: string): TanistError {
  return new TanistError('data-damaged', `the ${noun} is damaged at byte ${at}: ${what}; ${advice}`);
}

/** Bytes in pieces of any size, taken in pieces of the wanted size, and hashed on the way. */
class Source {
  at = 0;
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #hash: Hash = createHash('sha256');
  readonly #damaged: (at: number, what: string) => TanistError;
  #have: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>, damaged: (at: number, what: string) => TanistError) {
    this.#damaged = damaged;
    this.#bytes = bytes[Symbol.asyncIterator]();
  }

  async take(count: number, what: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = count;
    while (left > 0) {
      if (this.#have.length === 0 && !(await this.more()))
        throw this.#damaged(this.at + count - left, `it ends within ${what}`);
      const part = this.#have.subarray(0, left);
      this.#have = this.#have.subarray(part.length);
      parts.push(part);
      left -= part.length;
    }
    const taken = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    this.#hash.update(taken);
    this.at += count;
    return taken;
  }

  async more(): Promise<boolean> {
    while (this.#have.length === 0) {
      const next = await this.#bytes.next();
      if (next.done === true) return false;
      this.#have = asBuffer(next.value);
    }
    return true;
  }

  /** Of all that was taken so far; asked once, and nothing is hashed after it that matters. */
  digest(): Buffer {
    return this.#hash.copy().digest();
  }
}
