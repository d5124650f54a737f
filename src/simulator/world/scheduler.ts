/** Something that will happen. */
export interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  act: (() => void) | null;
}

/**
 * Simulated time: a queue of events. Between two events all promises run dry, so that what an event sets free is done before the next
 * one happens; equal times are taken in the order of scheduling. Nothing that runs here may wait for anything real.
 */
export class Scheduler {
  readonly #heap: Scheduled[] = [];
  #nowMs = 0;
  #order = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  at(atMs: number, act: () => void): Scheduled {
    const event: Scheduled = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, act };
    this.#push(event);
    return event;
  }

  after(delayMs: number, act: () => void): Scheduled {
    return this.at(this.#nowMs + delayMs, act);
  }

  /** A promise of a later time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs until `untilMs`, or until `done` says so after an event. `step` is called after each. */
  async run(untilMs: number, step: () => void, done: () => boolean = () => false): Promise<void> {
    await settle();
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = untilMs;
        return;
      }
      this.#pop();
      const { act } = next;
      if (act === null) continue;
      this.#nowMs = next.atMs;
      this.#steps++;
      act();
      await settle();
      step();
    }
  }

  #push(event: Scheduled): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || !before(event, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, below)) {
        child++;
        below = right;
      }
      if (!before(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** One turn of the real event loop: every microtask has run when it resolves. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
