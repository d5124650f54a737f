import { assert } from '../../foundation/assert.ts';
import { boughtBy } from './bought.ts';
import { firstCheck } from './checking.ts';

/** Points of a curve, denser near its beginning. */
const points = 128;
/** A look that would find nothing this often is never worth a call. */
const leastChance = 0.03;
/** Prices that checking times are found for, in parts of a cycle's mean: each twice the one before. */
const leastPrice = 1 / 256;
const prices = 10;

/**
 * How likely a resource has changed `u` ms after a look: G(u), and its integral, tabulated. Beyond the last point the chance stays as it is.
 */
export class Staleness {
  readonly #at: Float64Array;
  readonly #chance: Float64Array;
  readonly #integral: Float64Array;
  readonly untilMs: number;
  readonly #memoryless: boolean;

  /** For each price of the ladder when to look first; found when first asked for. */
  #checks: Float64Array | null = null;
  #checksOfMs = 0;

  /** What a look finds stays fresh so long on average, by when it is made; found when first asked for. */
  #bought: ((u: number) => number) | null = null;

  /** `chance` rises in `u`, 0 to 1, at a constant rate if `memoryless`. It is asked up to `untilMs`, most where it rises most. */
  constructor(chance: (u: number) => number, untilMs: number, memoryless = false) {
    assert(untilMs > 0, 'a curve has a length');
    this.untilMs = untilMs;
    this.#memoryless = memoryless;
    const table = tabulated(chance, untilMs);
    this.#at = Float64Array.from(table, ([at]) => at);
    this.#chance = Float64Array.from(table, ([, value]) => value);
    this.#integral = new Float64Array(points);
    for (let i = 1; i < points; i++) {
      const here = this.#at[i] ?? 0;
      const before = this.#at[i - 1] ?? 0;
      const value = Math.max(this.#chance[i - 1] ?? 0, this.#chance[i] ?? 0);
      this.#chance[i] = value;
      const middle = ((this.#chance[i - 1] ?? 0) + value) / 2;
      this.#integral[i] = (this.#integral[i - 1] ?? 0) + middle * (here - before);
    }
  }

  chance(u: number): number {
    return this.#interpolated(this.#chance, u);
  }

  /** ∫₀ᵘ G: how long it has been out of date on average, if nobody has looked since. */
  outdatedMs(u: number): number {
    const within = this.#interpolated(this.#integral, u);
    return u <= this.untilMs ? within : within + (u - this.untilMs) * (this.#chance[points - 1] ?? 0);
  }

  /** Mean time of the change, as far as the table goes. */
  get meanMs(): number {
    return Math.max(1, this.untilMs - this.outdatedMs(this.untilMs));
  }

  /** How long it stays as it is from `u` on, on average, as far as the table goes; nothing where it has changed by then. */
  leftMs(u: number): number {
    return Math.max(0, this.untilMs - u - (this.outdatedMs(this.untilMs) - this.outdatedMs(u)));
  }

  /**
   * What a look `u` ms after the last one buys, in ms of freshness; `cycle` is the curve from a change on.
   *
   * Changes at a constant rate λ: u·G(u) − ∫₀ᵘ G = (1 − (1 + λu)e^(−λu))/λ, the price of a call at which looking every `u` ms is optimal, ∂F/∂f of
   * Cho & Garcia-Molina 2003 (sec. 4): a look that finds nothing spends the uncertainty that had gathered. Otherwise the next change does not
   * depend on when somebody looks: what a look finds stays fresh for what remains of a cycle (`boughtBy`). For clockwork that jumps to a whole period as
   * the change comes, and falls until the next. That is what it buys at all; no look is made before the price at which it is better made now than
   * later, the next one following if it finds nothing (`firstCheck`).
   */
  value(since: number, cycle: Staleness): number {
    const u = Math.min(since, this.untilMs);
    const chance = this.chance(u);
    if (chance < leastChance) return 0;
    if (this.#memoryless) return u * chance - this.outdatedMs(u);
    this.#bought ??= boughtBy(this, cycle);
    return Math.min(this.#bought(since), this.#rightMs(u, cycle.meanMs));
  }

  /** The price of a look up to which it is better to look now than later. */
  #rightMs(u: number, cycleMs: number): number {
    if (this.#checks === null || this.#checksOfMs !== cycleMs) {
      this.#checksOfMs = cycleMs;
      this.#checks = new Float64Array(prices);
      for (let i = 0; i < prices; i++) {
        const first = firstCheck(this.#at, this.#chance, this.#integral, priceOf(i) * cycleMs);
        this.#checks[i] = Math.max(this.#at[first] ?? 0, this.#checks[i - 1] ?? 0);
      }
    }
    let above = 0;
    while (above < prices && (this.#checks[above] ?? 0) <= u) above++;
    if (above === prices) return Number.POSITIVE_INFINITY;
    const before = above === 0 ? 0 : (this.#checks[above - 1] ?? 0);
    const after = this.#checks[above] ?? 0;
    return cycleMs * priceOf(above - 1 + (after > before ? (u - before) / (after - before) : 0));
  }

  /** The earliest moment after the look at which a look is worth `price`; infinite: never. */
  worthAt(price: number, cycle: Staleness): number {
    let before = 0;
    for (const at of this.#at) {
      const value = this.value(at, cycle);
      if (value >= price && value > 0) return (before + at) / 2;
      before = at;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The most that a look is ever worth. */
  mostWorth(cycle: Staleness): number {
    let most = 0;
    for (const at of this.#at) most = Math.max(most, this.value(at, cycle));
    return most;
  }

  #interpolated(values: Float64Array, u: number): number {
    const last = points - 1;
    if (u <= 0) return values[0] ?? 0;
    if (u >= this.untilMs) return values[last] ?? 0;
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#at[middle] ?? 0) <= u) low = middle;
      else high = middle;
    }
    const from = this.#at[low] ?? 0;
    const to = this.#at[high] ?? 0;
    const part = to > from ? (u - from) / (to - from) : 0;
    return (values[low] ?? 0) * (1 - part) + (values[high] ?? 0) * part;
  }
}

function priceOf(step: number): number {
  return leastPrice * 2 ** step;
}

type Point = readonly [at: number, chance: number];

/** Half of the points evenly on a power scale, the others where the chance rises most from one to the next. */
function tabulated(chance: (u: number) => number, untilMs: number): readonly Point[] {
  const even = points / 2;
  const table: Point[] = [];
  for (let i = 0; i < even; i++) {
    const at = untilMs * (i / (even - 1)) ** 1.5;
    table.push([at, i === 0 ? 0 : clamped(chance(at))]);
  }
  while (table.length < points) {
    let steepest = 1;
    let most = -1;
    for (let i = 1; i < table.length; i++) {
      const [before, low] = table[i - 1] ?? [0, 0];
      const [here, high] = table[i] ?? [0, 0];
      // A jump is cut down to a thousandth of the whole; the rest goes where it is flat.
      const rise = here - before < untilMs / 1000 ? (high - low) / 8 : high - low;
      if (rise > most) {
        most = rise;
        steepest = i;
      }
    }
    const at = ((table[steepest - 1]?.[0] ?? 0) + (table[steepest]?.[0] ?? 0)) / 2;
    table.splice(steepest, 0, [at, clamped(chance(at))]);
  }
  return table;
}

function clamped(chance: number): number {
  return Math.min(1, Math.max(0, chance));
}
