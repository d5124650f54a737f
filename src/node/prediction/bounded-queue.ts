const mostBytes = 16 * 1024 * 1024;

/** What waits, in its order. Beyond 16 MiB the older half is dropped and counted: the newest are worth more. */
export class BoundedQueue<T> {
  readonly #sizeOf: (one: T) => number;
  #waiting: T[] = [];
  #bytes = 0;
  #dropped = 0;

  /** `sizeOf`: bytes that one takes, about. */
  constructor(sizeOf: (one: T) => number) {
    this.#sizeOf = sizeOf;
  }

  /** Since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The oldest first. */
  get waiting(): readonly T[] {
    return this.#waiting;
  }

  /** False: others were dropped for it. */
  add(one: T): boolean {
    this.#waiting.push(one);
    this.#bytes += this.#sizeOf(one);
    if (this.#bytes <= mostBytes) return true;
    let count = 0;
    let left = this.#bytes;
    for (const each of this.#waiting) {
      if (left <= mostBytes / 2) break;
      left -= this.#sizeOf(each);
      count++;
    }
    this.remove(count);
    this.#dropped += count;
    return false;
  }

  /** The oldest so many. */
  remove(count: number): void {
    for (const gone of this.#waiting.slice(0, count)) this.#bytes -= this.#sizeOf(gone);
    this.#waiting = this.#waiting.slice(count);
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
