import type { Staleness } from './staleness.ts';

/** What a model of a resource's usual cycle says that it costs: looks a ms at a price. */
export interface Demand {
  readonly cycle: Staleness;
  readonly weight: number;
}

const rounds = 30;

/** The price of a call at which all resources together ask for `callsPerMs`; nearly 0 where even for nothing they ask for less. */
export function clearingPrice(demands: readonly Demand[], callsPerMs: number): number {
  if (demands.length === 0) return 0;
  let high = Math.max(...demands.map(({ cycle, weight }) => weight * cycle.mostWorth(cycle)));
  let low = high * 1e-3;
  if (!(high > 0) || callsAt(demands, low) <= callsPerMs) return low;
  for (let round = 0; round < rounds; round++) {
    const middle = Math.sqrt(low * high);
    if (callsAt(demands, middle) > callsPerMs) low = middle;
    else high = middle;
  }
  return high;
}

function callsAt(demands: readonly Demand[], price: number): number {
  let calls = 0;
  for (const { cycle, weight } of demands) {
    const at = cycle.worthAt(price / weight, cycle);
    if (Number.isFinite(at) && at > 0) calls += 1 / at;
  }
  return calls;
}

/** Share of the burst that is kept ready, how strongly the price leans towards it, and within how many fillings of the bucket it forgets. */
const wanted = 0.5;
const lean = 2;
const patience = 2;

/**
 * The price as a part of what the best look is worth, so that in the long run the budget is spent, neither more nor less: by how full the bucket is, with
 * a proportional and an integral part, in logarithms.
 */
export class PriceControl {
  #integral: number | null = null;
  #atMs = 0;

  /** `fill`: tokens of the burst, 0 to 1. `fillMs`: how long an empty bucket takes to fill. `first`: where it begins. */
  part(fill: number, fillMs: number, nowMs: number, first: () => number): number {
    const error = wanted - fill;
    if (this.#integral === null) this.#integral = Math.log(Math.max(1e-3, first()));
    else {
      const elapsedMs = Math.min(Math.max(0, nowMs - this.#atMs), fillMs);
      const next = this.#integral + (lean * error * elapsedMs) / (patience * fillMs);
      this.#integral = Math.min(0.5, Math.max(-7, next));
    }
    this.#atMs = nowMs;
    return Math.exp(this.#integral + lean * error);
  }
}
