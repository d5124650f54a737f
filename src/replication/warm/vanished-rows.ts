import type { ByteString } from '../../foundation/bytes.ts';
import type { HeldRange } from './held-range.ts';
import type { WarmStore } from './warm-store.ts';

/** Keys that are looked at again; more than that is found by the next scrub. */
const mostCandidates = 4096;

/** Finds what memory holds and the rows don't, while both go on: a row that vanished has no checksum to be wrong. */
export class VanishedRows {
  readonly #held: HeldRange;
  readonly #generation: number;
  readonly #candidates: ByteString[] = [];
  #from: ByteString;

  constructor(held: HeldRange) {
    this.#held = held;
    this.#generation = held.generation;
    this.#from = held.range.key;
  }

  /** The keys of a piece of rows, in order; null: there are no more. */
  seen(keys: readonly ByteString[] | null): void {
    const last = keys?.at(-1);
    if (keys !== null && last === undefined) return;
    const to = last === undefined ? null : (`${last}\0` as ByteString);
    const stored = new Set(keys);
    const room = mostCandidates - this.#candidates.length;
    for (const key of this.#held.keys(this.#from, to, stored.size + room))
      if (!stored.has(key) && this.#candidates.length < mostCandidates) this.#candidates.push(key);
    this.#from = to ?? this.#from;
  }

  /** How many are gone. To be asked when memory and rows are of one mark: before that a row may still be on its way. */
  async count(store: WarmStore): Promise<number> {
    let gone = 0;
    for (const key of this.#candidates) {
      if (this.#held.generation !== this.#generation) return 0;
      if (this.#held.get(key) === null || (await store.isStored(this.#generation, key))) continue;
      // Deleted while it was looked for.
      if (this.#held.get(key) !== null) gone += 1;
    }
    return gone;
  }
}
