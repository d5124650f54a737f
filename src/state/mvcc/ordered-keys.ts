import { assert } from '../../foundation/assert.ts';
import type { ByteString } from '../../foundation/bytes.ts';

const chunkKeys = 512;
const mergeBelow = 64;
/** With fewer keys than this to a chunk, going key by key moves fewer than making chunks anew. */
const keysApart = 64;

interface Run {
  readonly from: number;
  readonly count: number;
}

/**
 * A set of keys in byte order: sorted chunks in a sorted list, so two binary searches a look-up, and adding or removing moves at most one
 * chunk's worth of pointers (and, once in hundreds of times, the list of chunks). Counting a range adds up chunk lengths.
 */
export class OrderedKeys {
  #chunks: ByteString[][] = [];
  /** `#firsts[i]` = `#chunks[i][0]`, kept apart so that the search over chunks touches one array. */
  #firsts: ByteString[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key must not be there yet. */
  add(key: ByteString): void {
    this.#size++;
    const lastChunk = this.#chunks[this.#chunks.length - 1];
    const last = lastChunk?.[lastChunk.length - 1];
    if (lastChunk === undefined || last === undefined || key > last) {
      // Ascending loads fill chunks to the brim instead of leaving halves behind.
      if (lastChunk !== undefined && lastChunk.length < chunkKeys) lastChunk.push(key);
      else {
        this.#chunks.push([key]);
        this.#firsts.push(key);
      }
      return;
    }
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as ByteString[];
    const position = lowerBound(chunk, key);
    chunk.splice(position, 0, key);
    if (position === 0) this.#firsts[at] = key;
    if (chunk.length > chunkKeys) this.#split(at, chunk);
  }

  /** Whether it was there. */
  remove(key: ByteString): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return false;
    this.#size--;
    chunk.splice(position, 1);
    if (chunk.length === 0) {
      this.#chunks.splice(at, 1);
      this.#firsts.splice(at, 1);
      return true;
    }
    if (position === 0) this.#firsts[at] = chunk[0] as ByteString;
    if (chunk.length < mergeBelow) this.#merge(at, chunk);
    return true;
  }

  /** Adds many, in order, none of which is there: each chunk they fall into is made anew once. */
  addAll(keys: readonly ByteString[]): void {
    const run = this.#runOf(keys);
    if (run === null) for (const key of keys) this.add(key);
    else {
      this.#replace(run, mergeKeys(this.#keysOf(run), keys));
      this.#size += keys.length;
    }
  }

  /** Removes many, in order, all of which are there. */
  removeAll(keys: readonly ByteString[]): void {
    const run = this.#runOf(keys);
    if (run === null) {
      for (const key of keys) assert(this.remove(key), 'keys to remove are there');
      return;
    }
    let next = 0;
    const kept: ByteString[] = [];
    for (const key of this.#keysOf(run)) {
      if (key === keys[next]) next++;
      else kept.push(key);
    }
    this.#replace(run, kept);
    this.#size -= next;
    assert(next === keys.length, 'keys to remove are there, and in order');
  }

  /** The chunks that the keys fall into; null when they are so far apart that it is cheaper to go key by key. */
  #runOf(keys: readonly ByteString[]): Run | null {
    const first = keys[0];
    const last = keys[keys.length - 1];
    if (first === undefined || last === undefined) return null;
    const from = this.#chunkOf(first);
    const count = this.#chunks.length === 0 ? 0 : this.#chunkOf(last) - from + 1;
    return count > 2 && count * keysApart > keys.length ? null : { from, count };
  }

  #keysOf({ from, count }: Run): ByteString[] {
    const keys: ByteString[] = [];
    for (let at = from; at < from + count; at++)
      for (const key of this.#chunks[at] as ByteString[]) keys.push(key);
    return keys;
  }

  #replace({ from, count }: Run, keys: readonly ByteString[]): void {
    const chunks: ByteString[][] = [];
    for (let at = 0; at < keys.length; at += chunkKeys) chunks.push(keys.slice(at, at + chunkKeys));
    this.#chunks.splice(from, count, ...chunks);
    this.#firsts.splice(from, count, ...chunks.map((chunk) => chunk[0] as ByteString));
  }

  /** Keys with `from` ≤ key < `to` (null: no bound). */
  count(from: ByteString, to: ByteString | null): number {
    if (this.#size === 0 || (to !== null && to <= from)) return 0;
    return (to === null ? this.#size : this.#rank(to)) - this.#rank(from);
  }

  /** The first `limit` (0: all) of the keys with `from` ≤ key < `to` (null: no bound), in order. */
  slice(from: ByteString, to: ByteString | null, limit: number): ByteString[] {
    const keys: ByteString[] = [];
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as ByteString[];
      const first = keys.length === 0 && (chunk[0] as ByteString) < from ? lowerBound(chunk, from) : 0;
      for (let i = first; i < chunk.length; i++) {
        const key = chunk[i] as ByteString;
        if (to !== null && key >= to) return keys;
        keys.push(key);
        if (keys.length === limit) return keys;
      }
    }
    return keys;
  }

  /** The chunk that holds `key` or where it belongs; 0 when it is below all. */
  #chunkOf(key: ByteString): number {
    const firsts = this.#firsts;
    let low = 0;
    let high = firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((firsts[middle] as ByteString) <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }

  /** How many keys are below `key`. */
  #rank(key: ByteString): number {
    const at = this.#chunkOf(key);
    let rank = 0;
    for (let i = 0; i < at; i++) rank += (this.#chunks[i] as ByteString[]).length;
    return rank + lowerBound(this.#chunks[at] as ByteString[], key);
  }

  #split(at: number, chunk: ByteString[]): void {
    const upper = chunk.slice(chunk.length >>> 1);
    chunk.length >>>= 1;
    this.#chunks.splice(at + 1, 0, upper);
    this.#firsts.splice(at + 1, 0, upper[0] as ByteString);
  }

  #merge(at: number, chunk: ByteString[]): void {
    const next = this.#chunks[at + 1];
    if (next === undefined || next.length > chunkKeys / 2) return;
    for (const key of next) chunk.push(key);
    this.#chunks.splice(at + 1, 1);
    this.#firsts.splice(at + 1, 1);
  }
}

/** Both in order. */
export function mergeKeys(left: readonly ByteString[], right: readonly ByteString[]): ByteString[] {
  const merged: ByteString[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const a = left[i] as ByteString;
    const b = right[j] as ByteString;
    if (a < b) {
      merged.push(a);
      i++;
    } else {
      merged.push(b);
      j++;
    }
  }
  for (; i < left.length; i++) merged.push(left[i] as ByteString);
  for (; j < right.length; j++) merged.push(right[j] as ByteString);
  return merged;
}

function lowerBound(keys: readonly ByteString[], key: ByteString): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as ByteString) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
