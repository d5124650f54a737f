import type { ByteString } from '../foundation/bytes.ts';
import type { Space } from '../ports/delta.ts';
import type { KeyRange } from '../ports/replication.ts';

export function sameRange(left: KeyRange, right: KeyRange): boolean {
  return left.space === right.space && left.key === right.key && left.rangeEnd === right.rangeEnd;
}

export function sameRanges(left: readonly KeyRange[], right: readonly KeyRange[]): boolean {
  return left.length === right.length && left.every((range, i) => sameRange(range, right[i] ?? range));
}

/** For maps: equal ranges, equal text. */
export function rangeText({ space, key, rangeEnd }: KeyRange): string {
  return JSON.stringify([space, key, rangeEnd]);
}

/** Whether the whole of `inner` lies in `outer`. Both with a `rangeEnd` by etcd's rules; of `inner` it may be empty: the single key. */
export function covers(outer: KeyRange, inner: KeyRange): boolean {
  if (outer.space !== inner.space || inner.key < outer.key) return false;
  if (outer.rangeEnd === '\0') return true;
  if (inner.rangeEnd === '') return inner.key < outer.rangeEnd;
  return inner.rangeEnd !== '\0' && inner.rangeEnd <= outer.rangeEnd;
}

/** Finds the range that a key is in, among disjoint ones. */
export class RangeIndex<Item extends { readonly range: KeyRange }> {
  readonly #bySpace = new Map<Space, Item[]>();

  constructor(items: readonly Item[]) {
    for (const item of items) {
      const own = this.#bySpace.get(item.range.space);
      if (own === undefined) this.#bySpace.set(item.range.space, [item]);
      else own.push(item);
    }
    for (const own of this.#bySpace.values()) own.sort((a, b) => (a.range.key < b.range.key ? -1 : 1));
  }

  find(space: Space, key: ByteString): Item | undefined {
    const items = this.#bySpace.get(space);
    if (items === undefined) return undefined;
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((items[middle] as Item).range.key <= key) low = middle + 1;
      else high = middle;
    }
    const item = items[low - 1];
    if (item === undefined) return undefined;
    const { rangeEnd } = item.range;
    return rangeEnd === '\0' || key < rangeEnd ? item : undefined;
  }

  /** The one that holds all of `wanted`. */
  covering(wanted: KeyRange): Item | undefined {
    const item = this.find(wanted.space, wanted.key);
    return item !== undefined && covers(item.range, wanted) ? item : undefined;
  }
}
