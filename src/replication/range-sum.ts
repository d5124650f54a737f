import type { KeyValue, StateDelta } from '../ports/delta.ts';
import type { KeyRange, RangeDigest } from '../ports/replication.ts';
import { elementHash, formatDigest, hashKeyValue } from '../state/mvcc/element-hash.ts';

/** Number and sum of the live keys of a range, kept up as they change. */
export class RangeSum {
  #keys = 0;
  #a = 0;
  #b = 0;

  add(value: KeyValue): void {
    hashKeyValue(value);
    this.#keys += 1;
    this.#a = (this.#a + elementHash.a) | 0;
    this.#b = (this.#b + elementHash.b) | 0;
  }

  remove(value: KeyValue): void {
    hashKeyValue(value);
    this.#keys -= 1;
    this.#a = (this.#a - elementHash.a) | 0;
    this.#b = (this.#b - elementHash.b) | 0;
  }

  get keys(): number {
    return this.#keys;
  }

  get digest(): string {
    return formatDigest(this.#a, this.#b);
  }

  of(range: KeyRange): RangeDigest {
    return { range, keys: this.#keys, digest: this.digest };
  }
}

/** The key as a put leaves it. */
export function putValue(delta: StateDelta): KeyValue {
  return {
    key: delta.key,
    value: delta.value,
    createRevision: delta.createRevision,
    modRevision: delta.revision,
    version: delta.version,
    lease: delta.lease,
  };
}
