import { present } from '../../foundation/assert.ts';
import type { HitKind } from './mirror-state.ts';

export type HitCounts = Record<HitKind, number>;

export const hitKinds: readonly HitKind[] = ['fresh', 'predicted', 'origin', 'stale', 'direct'];

const mostResources = 20_000;

interface Slot {
  readonly name: string;
  readonly hits: HitCounts;
  /** Since the hand passed it. */
  isRead: boolean;
}

/**
 * Reads by how they were answered, per resource. In all they never forget; of resources the last 20,000 or so that were read are counted (CLOCK, Corbató 1968):
 * a new one takes the place of one that was not read since the hand passed it last.
 */
export class Hits {
  readonly #most: number;
  readonly #byName = new Map<string, Slot>();
  readonly #slots: Slot[] = [];
  readonly #others: HitCounts = noHits();
  #hand = 0;

  constructor(most: number = mostResources) {
    this.#most = most;
  }

  of(name: string): HitCounts {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      known.isRead = true;
      return known.hits;
    }
    const made: Slot = { name, hits: noHits(), isRead: true };
    this.#byName.set(name, made);
    if (this.#slots.length < this.#most) this.#slots.push(made);
    else this.#slots[this.#free()] = made;
    return made.hits;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Each keeps its place for as long as it is counted. */
  resources(): (readonly [name: string, hits: Readonly<HitCounts>])[] {
    return this.#slots.map(({ name, hits }) => [name, hits] as const);
  }

  total(): HitCounts {
    const sum = { ...this.#others };
    for (const { hits } of this.#slots) addHits(sum, hits);
    return sum;
  }

  #free(): number {
    for (;;) {
      const at = this.#hand;
      this.#hand = (at + 1) % this.#slots.length;
      const slot = present(this.#slots[at], 'the hand is at a slot');
      if (!slot.isRead) {
        this.#byName.delete(slot.name);
        addHits(this.#others, slot.hits);
        return at;
      }
      slot.isRead = false;
    }
  }
}

function addHits(sum: HitCounts, more: Readonly<HitCounts>): void {
  for (const kind of hitKinds) sum[kind] += more[kind];
}

export function noHits(): HitCounts {
  return { fresh: 0, predicted: 0, origin: 0, stale: 0, direct: 0 };
}
