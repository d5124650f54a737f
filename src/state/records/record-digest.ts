import { elementHash, hashRecord } from '../mvcc/element-hash.ts';
import type { Slices } from '../slices.ts';

/** kind, text, five numbers: see `hashRecord`. */
export type RecordFields = readonly [number, string, number, number, number, number, number];

/**
 * The share in a space's digest of records that are not keys. Records change far more often (every batch renews its session) than
 * anyone asks for the digest, so changed ones are only noted, and hashed when asked.
 */
export class RecordDigest<Id> {
  readonly #fields: (id: Id) => RecordFields | null;
  readonly #hashes = new Map<Id, { readonly a: number; readonly b: number }>();
  readonly #stale = new Set<Id>();
  #a = 0;
  #b = 0;

  /** `fields`: what to hash, null when the record is gone. */
  constructor(fields: (id: Id) => RecordFields | null) {
    this.#fields = fields;
  }

  touch(id: Id): void {
    this.#stale.add(id);
  }

  /** What `sums` would do, so many records a slice. */
  *settled(perSlice: number): Slices<undefined> {
    let count = 0;
    for (const id of this.#stale) {
      this.#settle(id);
      this.#stale.delete(id);
      if (++count % perSlice === 0) yield;
    }
  }

  sums(): { readonly a: number; readonly b: number } {
    for (const id of this.#stale) this.#settle(id);
    this.#stale.clear();
    return { a: this.#a, b: this.#b };
  }

  #settle(id: Id): void {
    const old = this.#hashes.get(id);
    if (old !== undefined) {
      this.#a = (this.#a - old.a) | 0;
      this.#b = (this.#b - old.b) | 0;
    }
    const fields = this.#fields(id);
    if (fields === null) {
      this.#hashes.delete(id);
      return;
    }
    hashRecord(...fields);
    this.#hashes.set(id, { a: elementHash.a, b: elementHash.b });
    this.#a = (this.#a + elementHash.a) | 0;
    this.#b = (this.#b + elementHash.b) | 0;
  }
}
