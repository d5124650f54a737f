import { type ByteString, emptyBytes, prefixEnd } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';

/** A key space as a prefix of etcd's keys; the empty prefix is etcd's whole key space. */
export class KeySpace {
  readonly #prefix: ByteString;
  readonly #end: ByteString;

  constructor(prefix: ByteString) {
    this.#prefix = prefix;
    this.#end = prefix === '' ? ('\0' as ByteString) : prefixEnd(prefix);
  }

  /** Fails as `key-empty`: with a prefix etcd would take an empty key for one. */
  key(key: ByteString): ByteString {
    if (key === '') throw new TanistError('key-empty', 'the key is empty; a key has at least one byte');
    return (this.#prefix + key) as ByteString;
  }

  rangeEnd(rangeEnd: ByteString): ByteString {
    if (rangeEnd === '') return emptyBytes;
    return rangeEnd === '\0' ? this.#end : ((this.#prefix + rangeEnd) as ByteString);
  }

  /** The key as the space has it. */
  own(key: ByteString): ByteString {
    return key.slice(this.#prefix.length) as ByteString;
  }
}
