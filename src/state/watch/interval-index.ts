import type { ByteString } from '../../foundation/bytes.ts';

/** Above every key: characters of keys end at U+00FF. */
const unbounded = '\uffff';
const recentAtMost = 32;

export interface IntervalGroup<T> {
  readonly from: string;
  readonly to: string;
  readonly items: Set<T>;
}

/**
 * Items by key interval, to find all that hold a key. Equal intervals share a group. Groups are an implicit balanced tree over an
 * array sorted by start, each node knowing the greatest end below it (CLRS §14.3); it is rebuilt when enough new ones have gathered in
 * `#recent`, which is searched one by one.
 */
export class IntervalIndex<T> {
  readonly #groups = new Map<string, IntervalGroup<T>>();
  #sorted: readonly IntervalGroup<T>[] = [];
  #greatestEnd: string[] = [];
  #recent: IntervalGroup<T>[] = [];
  #dead = 0;

  /** `to` null: unbounded. */
  add(from: ByteString, to: ByteString | null, item: T): void {
    const end = to ?? unbounded;
    const id = groupId(from, end);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { from, to: end, items: new Set() };
      this.#groups.set(id, group);
      this.#recent.push(group);
      if (this.#recent.length > Math.max(recentAtMost, this.#sorted.length >>> 6)) this.#rebuild();
    }
    group.items.add(item);
  }

  remove(from: ByteString, to: ByteString | null, item: T): void {
    const id = groupId(from, to ?? unbounded);
    const group = this.#groups.get(id);
    if (group === undefined) return;
    group.items.delete(item);
    if (group.items.size > 0) return;
    this.#groups.delete(id);
    this.#dead++;
    if (this.#dead > recentAtMost && this.#dead > this.#groups.size) this.#rebuild();
  }

  find(key: ByteString, visit: (items: Set<T>) => void): void {
    if (this.#groups.size === 0) return;
    for (const group of this.#recent)
      if (group.from <= key && key < group.to && group.items.size > 0) visit(group.items);
    this.#search(0, this.#sorted.length, key, visit);
  }

  #search(low: number, high: number, key: ByteString, visit: (items: Set<T>) => void): void {
    if (low >= high) return;
    const middle = (low + high) >>> 1;
    if ((this.#greatestEnd[middle] as string) <= key) return;
    this.#search(low, middle, key, visit);
    const group = this.#sorted[middle] as IntervalGroup<T>;
    if (group.from > key) return;
    if (key < group.to && group.items.size > 0) visit(group.items);
    this.#search(middle + 1, high, key, visit);
  }

  #rebuild(): void {
    this.#recent = [];
    this.#dead = 0;
    this.#sorted = [...this.#groups.values()].sort((a, b) =>
      a.from < b.from ? -1 : a.from > b.from ? 1 : 0,
    );
    this.#greatestEnd = new Array(this.#sorted.length);
    this.#measure(0, this.#sorted.length);
  }

  #measure(low: number, high: number): string {
    if (low >= high) return '';
    const middle = (low + high) >>> 1;
    const left = this.#measure(low, middle);
    const right = this.#measure(middle + 1, high);
    let greatest = (this.#sorted[middle] as IntervalGroup<T>).to;
    if (left > greatest) greatest = left;
    if (right > greatest) greatest = right;
    this.#greatestEnd[middle] = greatest;
    return greatest;
  }
}

function groupId(from: string, to: string): string {
  return `${from.length}:${from}${to}`;
}
