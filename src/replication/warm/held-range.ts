import { present } from '../../foundation/assert.ts';
import type { ByteString } from '../../foundation/bytes.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { KeyRange, RangeDigest } from '../../ports/replication.ts';
import { elementHash, formatDigest, hashKeyValue } from '../../state/mvcc/element-hash.ts';
import { KeyEntry, KeyTable } from '../../state/mvcc/key-table.ts';
import { OrderedKeys } from '../../state/mvcc/ordered-keys.ts';

/** The latest values of one range, in order, with their digest. */
export class HeldRange {
  readonly range: KeyRange;
  /** Under which its rows are stored; never used for another range. */
  generation: number;
  readonly #table = new KeyTable();
  readonly #keys = new OrderedKeys<KeyEntry>();
  #bytes = 0;
  #a = 0;
  #b = 0;
  /** Told of what is replaced or deleted from now on. */
  supersedes: ((before: KeyValue) => void) | null = null;
  /** What a read of it says. */
  readRevision: Revision;

  constructor(range: KeyRange, generation: number, readRevision: Revision) {
    this.range = range;
    this.generation = generation;
    this.readRevision = readRevision;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get digest(): RangeDigest {
    return { range: this.range, keys: this.#keys.size, digest: formatDigest(this.#a, this.#b) };
  }

  get(key: ByteString): KeyValue | null {
    return this.#table.get(key)?.current ?? null;
  }

  /** Keys with `from` ≤ key < `to` (null: unbounded). */
  count(from: ByteString, to: ByteString | null): number {
    return this.#keys.count(from, to);
  }

  keys(from: ByteString, to: ByteString | null, limit: number): ByteString[] {
    return this.#keys.keys(from, to, limit);
  }

  values(from: ByteString, to: ByteString | null, limit: number): KeyValue[] {
    return this.#keys
      .slice(from, to, limit)
      .map(({ current }) => present(current, 'what is held has a value'));
  }

  put(value: KeyValue): void {
    let entry = this.#table.get(value.key);
    if (entry === undefined) {
      entry = new KeyEntry(value.key);
      this.#table.add(entry);
      this.#keys.add(entry);
      this.#bytes += value.key.length;
    }
    if (entry.current !== null) this.supersedes?.(entry.current);
    this.#bytes += value.value.length - (entry.current?.value.length ?? 0);
    hashKeyValue(value);
    this.#a = (this.#a - entry.hashA + elementHash.a) | 0;
    this.#b = (this.#b - entry.hashB + elementHash.b) | 0;
    entry.hashA = elementHash.a;
    entry.hashB = elementHash.b;
    entry.current = value;
  }

  delete(key: ByteString): void {
    const entry = this.#table.get(key);
    if (entry === undefined) return;
    if (entry.current !== null) this.supersedes?.(entry.current);
    this.#table.remove(key);
    this.#keys.remove(key);
    this.#bytes -= key.length + (entry.current?.value.length ?? 0);
    this.#a = (this.#a - entry.hashA) | 0;
    this.#b = (this.#b - entry.hashB) | 0;
  }
}
