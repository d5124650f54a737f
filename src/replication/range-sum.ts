import type { KeyValue, StateDelta } from '../ports/delta.ts';
import type { KeyRange, RangeDigest } from '../ports/replication.ts';
import { elementHash, formatDigest, hashKeyValue } from '../state/mvcc/element-hash.ts';

/** Number and sum of the live keys of a range, kept up as they change: what a hot replica's digest of the same content is. */
export class RangeSum {
  #keys = 0;
  #a = 0;
  #b = 0;

  /** Of what a digest says. */
  static told(keys: number, digest: string): RangeSum {
    const sum = new RangeSum();
    sum.#keys = keys;
    sum.#a = Number.parseInt(digest.slice(0, 8), 16) | 0;
    sum.#b = Number.parseInt(digest.slice(8), 16) | 0;
    return sum;
  }

  add(value: KeyValue): void {
    hashKeyValue(value);
    this.addHash(elementHash.a, elementHash.b, 1);
  }

  remove(value: KeyValue): void {
    hashKeyValue(value);
    this.addHash(elementHash.a, elementHash.b, -1);
  }

  addHash(a: number, b: number, sign: 1 | -1): void {
    this.#a = (this.#a + sign * a) | 0;
    this.#b = (this.#b + sign * b) | 0;
    this.#keys += sign;
  }

  addSum(other: RangeSum): void {
    this.#a = (this.#a + other.#a) | 0;
    this.#b = (this.#b + other.#b) | 0;
    this.#keys += other.#keys;
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
