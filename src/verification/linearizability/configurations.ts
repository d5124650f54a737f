import type { Model } from './model.ts';

/**
 * Which operations are placed. Known ones (that have returned) are all placed up to some point, and few beyond: only the words from the first that
 * is not full are kept in a configuration.
 */
export class Placed {
  readonly words: Uint32Array;
  #hash = 0;
  #reach = -1;

  constructor(count: number) {
    this.words = new Uint32Array((count + 31) >>> 5);
  }

  get hash(): number {
    return this.#hash;
  }

  has(slot: number): boolean {
    return (((this.words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
  }

  flip(slot: number): void {
    const word = slot >>> 5;
    this.words[word] = (this.words[word] ?? 0) ^ (1 << (slot & 31));
    if (word > this.#reach) this.#reach = word;
    // Zobrist hashing: a number a slot, of which the placed ones are combined.
    let mixed = Math.imul(slot + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    this.#hash ^= mixed ^ (mixed >>> 13);
  }

  /** The words that are neither full nor after the last one in use, behind the number of full ones. */
  compact(): readonly number[] {
    let low = 0;
    while (this.words[low] === 0xffffffff) low++;
    let high = this.#reach;
    while (high >= low && this.words[high] === 0) high--;
    const compact = [low];
    for (let i = low; i <= high; i++) compact.push(this.words[i] ?? 0);
    return compact;
  }
}

interface Configuration<State> {
  readonly known: readonly number[];
  /** Operations of unknown outcome that are placed. */
  readonly unknown: readonly number[];
  readonly state: State;
}

/**
 * The configurations that were reached already (Lowe 2017, §2). What has fewer operations of unknown outcome placed, and else is the same, can go on
 * in every way in which the other can: so the other is as good as seen.
 */
export class Configurations<State> {
  readonly #equal: Model<State, unknown, unknown>['equal'];
  readonly #byHash = new Map<number, Configuration<State>[]>();
  #size = 0;

  constructor(equal: (a: State, b: State) => boolean) {
    this.#equal = equal;
  }

  get size(): number {
    return this.#size;
  }

  /** False if it, or a better one, was there. */
  add(known: Placed, unknown: Placed, state: State): boolean {
    const words = known.compact();
    const bucket = this.#byHash.get(known.hash);
    const added = { known: words, unknown: unknown.compact(), state };
    if (bucket === undefined) {
      this.#byHash.set(known.hash, [added]);
      this.#size++;
      return true;
    }
    for (let i = 0; i < bucket.length; i++) {
      const each = bucket[i];
      if (each === undefined || !same(each.known, words) || !this.#equal(each.state, state)) continue;
      if (within(each.unknown, added.unknown)) return false;
      if (within(added.unknown, each.unknown)) {
        bucket[i] = added;
        return true;
      }
    }
    bucket.push(added);
    this.#size++;
    return true;
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether one set is a part of the other, both compact. */
function within(a: readonly number[], b: readonly number[]): boolean {
  const aFull = a[0] ?? 0;
  const bFull = b[0] ?? 0;
  const words = aFull + a.length - 1;
  for (let i = bFull; i < words; i++) {
    const mine = i < aFull ? 0xffffffff : (a[i - aFull + 1] ?? 0);
    if ((mine & ~(b[i - bFull + 1] ?? 0)) !== 0) return false;
  }
  return true;
}
