import { isUtf8 } from 'node:buffer';
import { asBuffer, type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';

const deepest = limits.messageDepth;
const words = new Uint32Array(2);
const word64 = new BigUint64Array(words.buffer);

/** The bytes are no protobuf message of the kind, not even one with values that nobody takes. */
export class MalformedMessage extends TanistError {
  constructor(detail: string) {
    super('invalid-argument', `malformed message: ${detail}`);
  }
}

export function malformed(detail: string): TanistError {
  return new MalformedMessage(detail);
}

/** A message, but with a value that is not taken here. */
export function refusedValue(detail: string): TanistError {
  return new TanistError('invalid-argument', `malformed message: ${detail}`);
}

/**
 * Reads protobuf fields from bytes that may be anything. Every step moves forward or fails with `invalid-argument`. In a loop of
 * `while (reader.more()) switch (reader.next())`, each case takes its field's value and the default skips it.
 */
export class WireReader {
  private readonly buffer: Buffer;
  private position = 0;
  private limit: number;
  private type = 0;
  private depth = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = asBuffer(bytes);
    this.limit = bytes.length;
  }

  /** Whether the message in hand has another field. */
  more(): boolean {
    return this.position < this.limit;
  }

  /** The next field's number. */
  next(): number {
    const tag = this.varint(malformed);
    this.type = tag & 7;
    const field = Math.floor(tag / 8);
    if (field === 0) throw malformed('field 0');
    return field;
  }

  skip(): void {
    switch (this.type) {
      case 0:
        this.varint64();
        return;
      case 1:
        this.take(8);
        return;
      case 2:
        this.take(this.length());
        return;
      case 5:
        this.take(4);
        return;
      default:
        throw malformed(`wire type ${this.type}`);
    }
  }

  /** An unsigned number that JavaScript holds exactly (< 2^53). */
  uint(): number {
    this.expect(0);
    return this.varint();
  }

  uint64(): bigint {
    this.expect(0);
    this.varint64();
    return word64[0] ?? 0n;
  }

  /** A signed number; one that JavaScript does not hold exactly becomes the nearest safe integer. */
  int(): number {
    this.expect(0);
    this.varint64();
    const value = ((words[1] ?? 0) | 0) * 0x100000000 + (words[0] ?? 0);
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  bool(): boolean {
    this.expect(0);
    this.varint64();
    return words[0] !== 0 || words[1] !== 0;
  }

  double(): number {
    this.expect(1);
    return this.buffer.readDoubleLE(this.take(8));
  }

  bytes(): ByteString {
    const length = this.sized();
    if (length === 0) return emptyBytes;
    const start = this.take(length);
    return this.buffer.latin1Slice(start, start + length) as ByteString;
  }

  text(): string {
    const length = this.sized();
    if (length === 0) return '';
    const start = this.take(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** Text that must be UTF-8. */
  utf8(): string {
    const view = this.view();
    if (!isUtf8(view)) throw refusedValue('text that is not UTF-8');
    return view.toString('utf8');
  }

  /** The same memory: keeps the whole message alive. */
  view(): Buffer {
    const length = this.sized();
    const start = this.take(length);
    return this.buffer.subarray(start, start + length);
  }

  copy(): Buffer {
    return Buffer.from(this.view());
  }

  /** One of a repeated number, or many of them packed. */
  uints(into: number[]): void {
    if (this.type === 0) {
      into.push(this.varint());
      return;
    }
    const outer = this.enter();
    while (this.position < this.limit) into.push(this.varint());
    this.leave(outer);
  }

  uint64s(into: bigint[]): void {
    if (this.type === 0) {
      into.push(this.uint64());
      return;
    }
    const outer = this.enter();
    while (this.position < this.limit) {
      this.varint64();
      into.push(word64[0] ?? 0n);
    }
    this.leave(outer);
  }

  /** The number of an enum: the lower 32 bits, as protobuf has it. */
  enumNumber(): number {
    this.expect(0);
    this.varint64();
    return (words[0] ?? 0) | 0;
  }

  /** The member of `names` that the enum's number stands for. */
  oneOf<T>(names: readonly T[]): T {
    const number = this.enumNumber();
    const name = names[number];
    if (name === undefined) throw refusedValue(`unknown enum value ${number}`);
    return name;
  }

  /** One of a repeated enum, or many of them packed. Numbers that nobody knows are left out. */
  knownOf<T>(names: readonly T[], into: T[]): void {
    const add = (): void => {
      this.varint64();
      const name = names[(words[0] ?? 0) | 0];
      if (name !== undefined) into.push(name);
    };
    if (this.type === 0) {
      add();
      return;
    }
    const outer = this.enter();
    while (this.position < this.limit) add();
    this.leave(outer);
  }

  /** Into an embedded message; `leave` with what it returned. */
  enter(): number {
    const length = this.sized();
    const outer = this.limit;
    if (this.position + length > outer) throw malformed('cut off');
    if (++this.depth > deepest) throw refusedValue('nested too deeply');
    this.limit = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.depth--;
    this.position = this.limit;
    this.limit = outer;
  }

  private expect(type: number): void {
    if (this.type !== type) throw malformed(`wire type ${this.type} where ${type} belongs`);
  }

  private sized(): number {
    this.expect(2);
    return this.length();
  }

  private length(): number {
    return this.varint(malformed);
  }

  /** Steps over `count` bytes and says where they begin. */
  private take(count: number): number {
    const start = this.position;
    if (start + count > this.limit) throw malformed('cut off');
    this.position = start + count;
    return start;
  }

  /** `beyond`: what a number is that JavaScript does not hold exactly. */
  private varint(beyond = refusedValue): number {
    const { buffer, limit } = this;
    let { position } = this;
    if (position >= limit) throw malformed('cut off');
    let byte = buffer[position++] ?? 0;
    if (byte < 0x80) {
      this.position = position;
      return byte;
    }
    let value = byte & 0x7f;
    let shift = 7;
    do {
      if (position >= limit) throw malformed('cut off');
      byte = buffer[position++] ?? 0;
      if (shift < 28) value |= (byte & 0x7f) << shift;
      else if (shift < 70) value += (byte & 0x7f) * 2 ** shift;
      else throw malformed('number longer than 64 bits');
      shift += 7;
    } while (byte >= 0x80);
    if (value > Number.MAX_SAFE_INTEGER) throw beyond('number beyond 2^53');
    this.position = position;
    return value;
  }

  /** Leaves the number in `word64`. Bits beyond the 64th are dropped, as protobuf does. */
  private varint64(): void {
    const { buffer, limit } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= limit) throw malformed('cut off');
      const byte = buffer[this.position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        words[0] = low;
        words[1] = high;
        return;
      }
    }
    throw malformed('number longer than 64 bits');
  }
}
