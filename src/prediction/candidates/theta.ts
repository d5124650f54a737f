import type { History, Profile } from '../forecast.ts';
import { at } from '../math/at.ts';
import { fitting } from './fitting.ts';
import { seasonalFigures } from './seasonal-figures.ts';
import { bestAlpha, smoothed } from './smoothing.ts';

const WINDOW = 2016;

/**
 * Theta (Assimakopoulos & Nikolopoulos 2000) in the form of Hyndman & Billah (2003): simple smoothing with half the slope of the linear
 * trend, on the series without its season.
 */
export const theta = fitting({
  name: 'theta',
  costUs: 80,
  stepUs: 30,
  minimumLength: () => 32,
  fit: (history: History, profile: Profile, horizon) => {
    const season = profile.seasons[0] ?? 1;
    const adjusted = (
      values: Float64Array,
    ): { readonly rest: Float64Array; readonly phases: Float64Array } => {
      const recent = values.subarray(-WINDOW);
      const phases = season > 1 ? seasonalFigures(recent, season) : new Float64Array(1);
      return { rest: recent.map((value, i) => value - at(phases, i % phases.length)), phases };
    };
    const alpha = bestAlpha(adjusted(history.values).rest);
    return (later) => {
      const { rest, phases } = adjusted(later.values);
      const slope = trend(rest) / 2;
      const { level } = smoothed(rest, alpha, 0, 0);
      const n = rest.length;
      return new Float64Array(horizon).map(
        (_, step) =>
          level + slope * (step + (1 - (1 - alpha) ** n) / alpha) + at(phases, (n + step) % phases.length),
      );
    };
  },
});

/** Slope of the least-squares line. */
function trend(values: Float64Array): number {
  const n = values.length;
  const middle = (n - 1) / 2;
  let up = 0;
  let down = 0;
  for (let i = 0; i < n; i++) {
    up += (i - middle) * at(values, i);
    down += (i - middle) ** 2;
  }
  return down > 0 ? up / down : 0;
}
