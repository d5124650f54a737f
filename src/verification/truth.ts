/** One change of one key, as the committed log says. */
export interface TrueEvent {
  readonly revision: number;
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty for a delete. */
  readonly value: string;
}

/** All events of one space in order of revision: what happened, against which answers are checked. */
export class Truth {
  readonly #revisions: number[] = [];
  readonly #events: (readonly TrueEvent[])[] = [];
  readonly #byKey = new Map<string, TrueEvent[]>();

  /** The events of one revision, above all before. */
  add(revision: number, events: readonly TrueEvent[]): void {
    if (revision <= this.lastRevision)
      throw new RangeError(`revision ${revision} after ${this.lastRevision}`);
    this.#revisions.push(revision);
    this.#events.push(events);
    for (const event of events) {
      const list = this.#byKey.get(event.key);
      if (list === undefined) this.#byKey.set(event.key, [event]);
      else list.push(event);
    }
  }

  get lastRevision(): number {
    return this.#revisions.at(-1) ?? 1;
  }

  at(revision: number): readonly TrueEvent[] {
    const i = this.#firstAtLeast(revision);
    return this.#revisions[i] === revision ? (this.#events[i] ?? []) : [];
  }

  /** Revisions `from` ≤ r ≤ `to` that changed anything. */
  *between(from: number, to: number): Iterable<readonly TrueEvent[]> {
    for (let i = this.#firstAtLeast(from); i < this.#revisions.length; i++) {
      if ((this.#revisions[i] ?? 0) > to) return;
      yield this.#events[i] ?? [];
    }
  }

  /** That were ever put. */
  keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /** The last event of the key at or before `revision`. */
  keyAt(key: string, revision: number): TrueEvent | undefined {
    const list = this.#byKey.get(key) ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return list[low - 1];
  }

  #firstAtLeast(revision: number): number {
    let low = 0;
    let high = this.#revisions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#revisions[middle] ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
