import { types } from 'node:util';
import {
  type ByteString,
  byteString,
  byteStringOfText,
  bytesOf,
  emptyBytes,
  prefixEnd,
} from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { Bytes, ClientKeyValue } from '../../ports/state-client.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ascii = /^[\x00-\x7f]*$/;

/** Text as UTF-8. ASCII text is its own byte string. Fails as `invalid-argument` on what is neither text nor bytes. */
export function byteStringFrom(bytes: Bytes): ByteString {
  if (types.isUint8Array(bytes)) return byteString(bytes);
  if (typeof bytes !== 'string') {
    const what = bytes === undefined || bytes === null ? String(bytes) : `a ${typeof bytes}`;
    throw new TanistError(
      'invalid-argument',
      `a key or value is ${what}; it must be a string or a Uint8Array`,
    );
  }
  return ascii.test(bytes) ? (bytes as ByteString) : byteStringOfText(bytes);
}

export interface RangeBounds {
  readonly rangeEnd?: Bytes;
  readonly prefix?: boolean;
}

/** The first key beyond what `key` and the bounds mean; empty: the single key. An empty prefix is every key. */
export function rangeEndOf(key: ByteString, bounds: RangeBounds | undefined): ByteString {
  if (bounds?.prefix === true) return prefixEnd(key);
  return bounds?.rangeEnd === undefined ? emptyBytes : byteStringFrom(bounds.rangeEnd);
}

/** The first key of a range: the empty prefix begins at the least key there is. */
export function rangeStartOf(key: Bytes, bounds: RangeBounds | undefined): ByteString {
  const start = byteStringFrom(key);
  return start.length === 0 && bounds?.prefix === true ? ('\0' as ByteString) : start;
}

export function clientKeyValue(keyValue: KeyValue): ClientKeyValue {
  return {
    key: bytesOf(keyValue.key),
    value: bytesOf(keyValue.value),
    createRevision: keyValue.createRevision,
    modRevision: keyValue.modRevision,
    version: keyValue.version,
    lease: keyValue.lease,
  };
}
