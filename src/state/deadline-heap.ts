/** What waits for a moment in cluster time. `heapIndex` belongs to the heap; -1: not in it. */
export interface Expiring {
  deadlineMs: number;
  heapIndex: number;
}

/**
 * Binary heap by deadline that knows where each item is, so a renewal moves it in O(log n). Ties are broken by `before`, which must not
 * depend on how the items got here: replicas that came by different ways expire in the same order.
 */
export class DeadlineHeap<T extends Expiring> {
  readonly #items: T[] = [];
  readonly #tieBefore: (left: T, right: T) => boolean;

  constructor(tieBefore: (left: T, right: T) => boolean) {
    this.#tieBefore = tieBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#up(item);
  }

  remove(item: T): void {
    const at = item.heapIndex;
    const last = this.#items.pop() as T;
    item.heapIndex = -1;
    if (last === item) return;
    this.#place(last, at);
    this.moved(last);
  }

  /** The item's deadline has changed. */
  moved(item: T): void {
    this.#up(item);
    this.#down(item);
  }

  clear(): void {
    this.#items.length = 0;
  }

  #up(item: T): void {
    let at = item.heapIndex;
    while (at > 0) {
      const parent = this.#items[(at - 1) >>> 1] as T;
      if (!this.#before(item, parent)) break;
      this.#place(parent, at);
      at = (at - 1) >>> 1;
    }
    this.#place(item, at);
  }

  #down(item: T): void {
    const items = this.#items;
    let at = item.heapIndex;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = items[leftAt];
      if (left === undefined) break;
      const right = items[leftAt + 1];
      const child = right !== undefined && this.#before(right, left) ? right : left;
      if (!this.#before(child, item)) break;
      const childAt = child.heapIndex;
      this.#place(child, at);
      at = childAt;
    }
    this.#place(item, at);
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }

  #before(left: T, right: T): boolean {
    if (left.deadlineMs !== right.deadlineMs) return left.deadlineMs < right.deadlineMs;
    return this.#tieBefore(left, right);
  }
}
