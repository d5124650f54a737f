import { at } from '../math/at.ts';

/** Members with less than this share of the best are left out: they would cost more than they add. */
const NEGLIGIBLE = 0.02;
/** A member is named when it has at least this share of all weight. */
const NAMED = 0.2;

/** Indices of the candidates that count, the heaviest first. */
export function membersOf(weights: Float64Array, most: number): readonly number[] {
  return [...weights.keys()]
    .filter((i) => at(weights, i) >= NEGLIGIBLE)
    .sort((a, b) => at(weights, b) - at(weights, a) || a - b)
    .slice(0, most);
}

/**
 * The weighted median of the members' forecasts, step by step: under absolute error the better combination, and one member gone astray
 * cannot pull it along (Barrow & Kourentzes 2016). Between the two middle ones it takes the mean weighted by how near the middle they are.
 */
export function combined(
  forecasts: readonly (Float64Array | null)[],
  weights: Float64Array,
  members: readonly number[],
  horizon: number,
): Float64Array {
  const only = members.length === 1 ? forecasts[members[0] ?? 0] : null;
  if (only !== null && only !== undefined) return Float64Array.from(only);
  return new Float64Array(horizon).map((_, step) => {
    const votes: { readonly value: number; readonly weight: number }[] = [];
    let total = 0;
    for (const i of members) {
      const forecast = forecasts[i];
      if (forecast === null || forecast === undefined) continue;
      votes.push({ value: at(forecast, step), weight: at(weights, i) });
      total += at(weights, i);
    }
    votes.sort((a, b) => a.value - b.value);
    let passed = 0;
    for (const { value, weight } of votes) {
      passed += weight;
      if (passed >= total / 2) return value;
    }
    return votes[votes.length - 1]?.value ?? Number.NaN;
  });
}

/** The members that matter, joined by `+`. */
export function nameOf(names: readonly string[], weights: Float64Array, members: readonly number[]): string {
  const total = members.reduce((sum, i) => sum + at(weights, i), 0);
  const heavy = members.filter((i, rank) => rank === 0 || at(weights, i) >= NAMED * total);
  return heavy.map((i) => names[i] ?? '?').join('+');
}
