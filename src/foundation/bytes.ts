import type { Brand } from './brand.ts';

declare global {
  /** Fast paths of Node's Buffer that its types leave out; they equal `toString` and `write` with 'latin1'. */
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string;
    latin1Write(text: string, offset: number, length: number): number;
  }
}

/**
 * Bytes held as a string with one character (U+0000 to U+00FF) a byte. Such strings compare in byte order with `<`, hash in a
 * `Map`, are immutable, and V8 keeps them as one byte a character: what keys and values need inside the state.
 */
export type ByteString = Brand<string, 'ByteString'>;

export const emptyBytes = '' as ByteString;

export function byteString(bytes: Uint8Array): ByteString {
  return asBuffer(bytes).latin1Slice(0, bytes.length) as ByteString;
}

export function byteStringOfText(text: string): ByteString {
  return byteString(Buffer.from(text, 'utf8'));
}

export function bytesOf(value: ByteString): Buffer {
  return Buffer.from(value, 'latin1');
}

export function textOf(value: ByteString): string {
  return bytesOf(value).toString('utf8');
}

/** The smallest string greater than every string that starts with `prefix`; `'\0'` (no upper bound) when there is none. */
export function prefixEnd(prefix: ByteString): ByteString {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i);
    if (code < 0xff) return (prefix.slice(0, i) + String.fromCharCode(code + 1)) as ByteString;
  }
  return '\0' as ByteString;
}

/** A `Buffer` over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
