import { at } from '../math/at.ts';

/** Members with less than this share of the best are left out: they would cost more than they add. */
const NEGLIGIBLE = 0.02;
/** A candidate is named when it has at least this share in the forecast. */
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

/**
 * The mean, by weight, of what comes out when the base is averaged with each member in turn (a step of greedy ensemble selection, Caruana et
 * al. 2004): who errs elsewhere than the base improves it even where it is not the best itself. The last weight is that of the base alone.
 */
export function refined(
  base: Float64Array,
  forecasts: readonly (Float64Array | null)[],
  weights: Float64Array,
): Float64Array {
  const alone = at(weights, forecasts.length);
  return base.map((centre, step) => {
    let sum = alone * centre;
    let total = alone;
    forecasts.forEach((forecast, i) => {
      const weight = at(weights, i);
      if (forecast === null || weight < NEGLIGIBLE) return;
      sum += (weight * (centre + at(forecast, step))) / 2;
      total += weight;
    });
    return total > 0 ? sum / total : centre;
  });
}

/** Indices of the members that matter, the heaviest first. */
export function heaviest(shares: Float64Array): readonly number[] {
  const ranked = [...shares.keys()].sort((a, b) => at(shares, b) - at(shares, a) || a - b);
  return ranked.filter((i, rank) => rank === 0 || at(shares, i) >= NAMED);
}

/** Share of each candidate in a forecast: half by the votes, half by the refinement, where the base alone counts as the votes again. */
export function sharesOf(
  votes: Float64Array,
  members: readonly number[],
  partners: Float64Array,
): Float64Array {
  const all = members.reduce((sum, i) => sum + at(votes, i), 0);
  const paired = partners.reduce((sum, weight) => sum + weight, 0);
  const alone = paired > 0 ? at(partners, votes.length) / paired : 1;
  return votes.map((vote, i) => {
    const share = members.includes(i) ? vote / all : 0;
    return (share * (1 + alone)) / 2 + (paired > 0 ? at(partners, i) / paired / 2 : 0);
  });
}
