import type { KeyValue } from '../../ports/delta.ts';
import { elementHash, formatDigest, hashKeyValue } from '../../state/mvcc/element-hash.ts';

/** Number and sum of element hashes of live keys: what a hot replica's digest of the same content is. */
export class ContentSum {
  keys = 0;
  #a = 0;
  #b = 0;

  static of(keys: number, digest: string): ContentSum {
    const sum = new ContentSum();
    sum.keys = keys;
    sum.#a = Number.parseInt(digest.slice(0, 8), 16) | 0;
    sum.#b = Number.parseInt(digest.slice(8), 16) | 0;
    return sum;
  }

  get digest(): string {
    return formatDigest(this.#a, this.#b);
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
    this.keys += sign;
  }

  addSum(other: ContentSum): void {
    this.#a = (this.#a + other.#a) | 0;
    this.#b = (this.#b + other.#b) | 0;
    this.keys += other.keys;
  }
}
