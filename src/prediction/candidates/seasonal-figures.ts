import { at } from '../math/at.ts';
import { mean, median } from '../math/statistics.ts';

/**
 * Additive seasonal figures by classical decomposition, with medians in place of means: distance from the centred moving average, the
 * median over cycles, centred on 0. Figure k belongs to the values at indices ≡ k modulo the season.
 */
export function seasonalFigures(values: Float64Array, season: number): Float64Array {
  const rest = withoutLevel(values, season);
  const figures = new Float64Array(season);
  for (let k = 0; k < season; k++) {
    const same: number[] = [];
    for (let i = k; i < rest.length; i += season) if (!Number.isNaN(at(rest, i))) same.push(at(rest, i));
    figures[k] = same.length > 0 ? median(Float64Array.from(same)) : 0;
  }
  const centre = mean(figures);
  return figures.map((figure) => figure - centre);
}

/** Values minus the centred moving average over one season; NaN where the average doesn't reach. */
function withoutLevel(values: Float64Array, season: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  const half = season >> 1;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += at(values, i);
    if (i >= season) sum -= at(values, i - season);
    const centre = i - half;
    if (i >= season - 1 && centre >= 0) result[centre] = at(values, centre) - sum / season;
  }
  return result;
}
