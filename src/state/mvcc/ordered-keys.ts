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

/** Something that lies under a key. */
export interface Keyed {
  readonly key: ByteString;
}

/**
 * Items in the byte order of their keys, each key once: sorted chunks in a sorted list, so two binary searches a look-up, and adding or removing moves at most one
 * chunk's worth of pointers (and, once in hundreds of times, the list of chunks). Counting a range adds up chunk lengths.
 */
export class OrderedKeys<Item extends Keyed> {
  #chunks: Item[][] = [];
  /** `#firsts[i]` is the key of `#chunks[i][0]`, kept apart so that the search over chunks touches one array. */
  #firsts: ByteString[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key must not be there yet. */
  add(item: Item): void {
    const { key } = item;
    this.#size++;
    const lastChunk = this.#chunks[this.#chunks.length - 1];
    const last = lastChunk?.[lastChunk.length - 1];
    if (lastChunk === undefined || last === undefined || key > last.key) {
      // Ascending loads fill chunks to the brim instead of leaving halves behind.
      if (lastChunk !== undefined && lastChunk.length < chunkKeys) lastChunk.push(item);
      else {
        this.#chunks.push([item]);
        this.#firsts.push(key);
      }
      return;
    }
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as Item[];
    const position = lowerBound(chunk, key);
    chunk.splice(position, 0, item);
    if (position === 0) this.#firsts[at] = key;
    if (chunk.length > chunkKeys) this.#split(at, chunk);
  }

  /** Whether it was there. */
  remove(key: ByteString): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const position = lowerBound(chunk, key);
    if (chunk[position]?.key !== key) return false;
    this.#size--;
    chunk.splice(position, 1);
    if (chunk.length === 0) {
      this.#chunks.splice(at, 1);
      this.#firsts.splice(at, 1);
      return true;
    }
    if (position === 0) this.#firsts[at] = (chunk[0] as Item).key;
    if (chunk.length < mergeBelow) this.#merge(at, chunk);
    return true;
  }

  /** Adds many, in order, none of which is there: each chunk they fall into is made anew once. */
  addAll(items: readonly Item[]): void {
    const run = this.#runOf(items);
    if (run === null) for (const item of items) this.add(item);
    else {
      this.#replace(run, mergeKeyed(this.#itemsOf(run), items));
      this.#size += items.length;
    }
  }

  /** Removes many, in order, all of which are there. */
  removeAll(items: readonly Item[]): void {
    const run = this.#runOf(items);
    if (run === null) {
      for (const { key } of items) assert(this.remove(key), 'keys to remove are there');
      return;
    }
    let next = 0;
    const kept: Item[] = [];
    for (const item of this.#itemsOf(run)) {
      if (item.key === items[next]?.key) next++;
      else kept.push(item);
    }
    this.#replace(run, kept);
    this.#size -= next;
    assert(next === items.length, 'keys to remove are there, and in order');
  }

  /** The chunks that the keys fall into; null when they are so far apart that it is cheaper to go key by key. */
  #runOf(items: readonly Item[]): Run | null {
    const first = items[0];
    const last = items[items.length - 1];
    if (first === undefined || last === undefined) return null;
    const from = this.#chunkOf(first.key);
    const count = this.#chunks.length === 0 ? 0 : this.#chunkOf(last.key) - from + 1;
    return count > 2 && count * keysApart > items.length ? null : { from, count };
  }

  #itemsOf({ from, count }: Run): Item[] {
    const items: Item[] = [];
    for (let at = from; at < from + count; at++)
      for (const item of this.#chunks[at] as Item[]) items.push(item);
    return items;
  }

  #replace({ from, count }: Run, items: readonly Item[]): void {
    const chunks: Item[][] = [];
    for (let at = 0; at < items.length; at += chunkKeys) chunks.push(items.slice(at, at + chunkKeys));
    this.#chunks.splice(from, count, ...chunks);
    this.#firsts.splice(from, count, ...chunks.map((chunk) => (chunk[0] as Item).key));
  }

  /** Keys with `from` ≤ key < `to` (null: no bound). */
  count(from: ByteString, to: ByteString | null): number {
    if (this.#size === 0 || (to !== null && to <= from)) return 0;
    return (to === null ? this.#size : this.#rank(to)) - this.#rank(from);
  }

  /** The first `limit` (0: all) of those with `from` ≤ key < `to` (null: no bound), in order. */
  slice(from: ByteString, to: ByteString | null, limit: number): Item[] {
    const items: Item[] = [];
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as Item[];
      const first = items.length === 0 && (chunk[0] as Item).key < from ? lowerBound(chunk, from) : 0;
      // Where the next chunk begins within the range, all of this one lies in it.
      const next = this.#firsts[at + 1];
      const isWithin = to === null || (next !== undefined && next <= to);
      for (let i = first; i < chunk.length; i++) {
        const item = chunk[i] as Item;
        if (!isWithin && item.key >= (to as ByteString)) return items;
        items.push(item);
        if (items.length === limit) return items;
      }
    }
    return items;
  }

  /** Their keys. */
  keys(from: ByteString, to: ByteString | null, limit: number): ByteString[] {
    return this.slice(from, to, limit).map(({ key }) => key);
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
    for (let i = 0; i < at; i++) rank += (this.#chunks[i] as Item[]).length;
    return rank + lowerBound(this.#chunks[at] as Item[], key);
  }

  #split(at: number, chunk: Item[]): void {
    const upper = chunk.slice(chunk.length >>> 1);
    chunk.length >>>= 1;
    this.#chunks.splice(at + 1, 0, upper);
    this.#firsts.splice(at + 1, 0, (upper[0] as Item).key);
  }

  #merge(at: number, chunk: Item[]): void {
    const next = this.#chunks[at + 1];
    if (next === undefined || next.length > chunkKeys / 2) return;
    for (const item of next) chunk.push(item);
    this.#chunks.splice(at + 1, 1);
    this.#firsts.splice(at + 1, 1);
  }
}

/** Both in order. */
export function mergeKeyed<Item extends Keyed>(left: readonly Item[], right: readonly Item[]): Item[] {
  const merged: Item[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const a = left[i] as Item;
    const b = right[j] as Item;
    if (a.key < b.key) {
      merged.push(a);
      i++;
    } else {
      merged.push(b);
      j++;
    }
  }
  for (; i < left.length; i++) merged.push(left[i] as Item);
  for (; j < right.length; j++) merged.push(right[j] as Item);
  return merged;
}

function lowerBound(items: readonly Keyed[], key: ByteString): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle] as Keyed).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
