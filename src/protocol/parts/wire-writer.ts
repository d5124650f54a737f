import { assert } from '../../foundation/assert.ts';
import type { ByteString } from '../../foundation/bytes.ts';

/** Calling out of JavaScript takes longer than copying so many characters in it. */
const shortBytes = 24;

const words = new Uint32Array(2);
const word64 = new BigUint64Array(words.buffer);

/** Bytes of `value` as a varint. */
export function uintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let size = 4;
  for (let rest = Math.floor(value / 0x10000000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of `value` as a varint. Its two halves go through memory: no BigInt arithmetic. */
export function uint64Size(value: bigint): number {
  word64[0] = value;
  const high = words[1] ?? 0;
  return high === 0 ? uintSize(words[0] ?? 0) : Math.ceil((64 - Math.clz32(high)) / 7);
}

/**
 * Writes protobuf fields (numbers 1 to 15; `bytes` up to 2047) into one growing buffer. Fields with their default value are left out, as proto3 has it;
 * those of a `oneof` use the `always` methods. `finish` hands the buffer out without a copy, so a writer makes one message.
 */
export class WireWriter {
  private buffer: Buffer;
  private position = 0;

  /** `sizeHint`: expected bytes; right or a little above saves copying. */
  constructor(sizeHint: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(sizeHint, 32));
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.position);
  }

  uint(field: number, value: number): void {
    if (value !== 0) this.uintAlways(field, value);
  }

  uintAlways(field: number, value: number): void {
    this.ensure(11);
    this.buffer[this.position++] = field << 3;
    this.varint(value);
  }

  uint64(field: number, value: bigint): void {
    if (value !== 0n) this.uint64Always(field, value);
  }

  uint64Always(field: number, value: bigint): void {
    this.ensure(11);
    this.buffer[this.position++] = field << 3;
    this.varint64(value);
  }

  /** A signed number: a negative one takes ten bytes, as protobuf has it. */
  int(field: number, value: number): void {
    if (value !== 0) this.intAlways(field, value);
  }

  intAlways(field: number, value: number): void {
    if (value >= 0) this.uintAlways(field, value);
    else this.uint64Always(field, BigInt.asUintN(64, BigInt(value)));
  }

  bool(field: number, value: boolean): void {
    if (!value) return;
    this.ensure(2);
    this.buffer[this.position++] = field << 3;
    this.buffer[this.position++] = 1;
  }

  double(field: number, value: number): void {
    if (value !== 0) this.doubleAlways(field, value);
  }

  doubleAlways(field: number, value: number): void {
    this.ensure(9);
    this.buffer[this.position++] = (field << 3) | 1;
    this.buffer.writeDoubleLE(value, this.position);
    this.position += 8;
  }

  bytes(field: number, value: ByteString): void {
    if (value.length !== 0) this.bytesAlways(field, value);
  }

  bytesAlways(field: number, value: ByteString): void {
    const length = value.length;
    this.ensure(length + 7);
    if (field < 16) this.buffer[this.position++] = (field << 3) | 2;
    else {
      this.buffer[this.position++] = ((field << 3) & 0x7f) | 0x82;
      this.buffer[this.position++] = field >> 4;
    }
    this.varint(length);
    if (length > shortBytes) this.buffer.latin1Write(value, this.position, length);
    else for (let i = 0; i < length; i++) this.buffer[this.position + i] = value.charCodeAt(i);
    this.position += length;
  }

  text(field: number, value: string): void {
    if (value.length !== 0) this.textAlways(field, value);
  }

  textAlways(field: number, value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.ensure(length + 6);
    this.buffer[this.position++] = (field << 3) | 2;
    this.varint(length);
    this.position += this.buffer.write(value, this.position, length, 'utf8');
  }

  raw(field: number, value: Uint8Array): void {
    if (value.length !== 0) this.rawAlways(field, value);
  }

  rawAlways(field: number, value: Uint8Array): void {
    const length = value.length;
    this.header(field, length);
    this.ensure(length);
    this.buffer.set(value, this.position);
    this.position += length;
  }

  /** Packed, as proto3 writes repeated numbers. */
  uints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.begin(field, values.length);
    for (const value of values) {
      this.ensure(10);
      this.varint(value);
    }
    this.end(mark);
  }

  uint64s(field: number, values: readonly bigint[]): void {
    if (values.length === 0) return;
    const mark = this.begin(field, values.length * 9);
    for (const value of values) {
      this.ensure(10);
      this.varint64(value);
    }
    this.end(mark);
  }

  /** The head of an embedded message of exactly `length` bytes, which follow. */
  header(field: number, length: number): void {
    this.ensure(6);
    this.buffer[this.position++] = (field << 3) | 2;
    this.varint(length);
  }

  /** Opens an embedded message; what `expected` says of its length only saves moving it. Hand the mark to `end`. */
  begin(field: number, expected = 0): number {
    const reserved = uintSize(expected);
    this.ensure(6);
    this.buffer[this.position] = (field << 3) | 2;
    this.position += 1 + reserved;
    return this.position * 8 + reserved;
  }

  end(mark: number): void {
    const reserved = mark & 7;
    const start = Math.floor(mark / 8);
    const length = this.position - start;
    const needed = uintSize(length);
    if (needed !== reserved) {
      this.ensure(6);
      this.buffer.copyWithin(start + needed - reserved, start, this.position);
    }
    this.position = start - reserved;
    this.varint(length);
    this.position += length;
  }

  private varint(value: number): void {
    const { buffer } = this;
    let { position } = this;
    let rest = value;
    if ((value | 0) !== value || value < 0) {
      assert(Number.isSafeInteger(value) && value >= 0, `not an unsigned safe integer: ${value}`);
      while (rest >= 0x80000000) {
        buffer[position++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
    }
    while (rest > 0x7f) {
      buffer[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[position++] = rest;
    this.position = position;
  }

  private varint64(value: bigint): void {
    assert(value >= 0n && value <= 0xffffffffffffffffn, `not 64 bits: ${value}`);
    word64[0] = value;
    let low = words[0] ?? 0;
    let high = words[1] ?? 0;
    while (high !== 0 || low > 0x7f) {
      this.buffer[this.position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.position++] = low;
  }

  private ensure(bytes: number): void {
    if (this.position + bytes > this.buffer.length) this.grow(bytes);
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.position + bytes));
    larger.set(this.buffer.subarray(0, this.position));
    this.buffer = larger;
  }
}
