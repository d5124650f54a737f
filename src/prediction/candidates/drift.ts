import { fromEnd } from '../math/at.ts';
import { fitting } from './fitting.ts';

const WINDOW = 256;

/** The straight line through the first and the last value of the recent past (Hyndman & Athanasopoulos, FPP3, 5.2). */
export const drift = fitting({
  name: 'drift',
  costUs: 1,
  stepUs: 1,
  minimumLength: () => 3,
  fit:
    (_history, _profile, horizon) =>
    ({ values }) => {
      const span = Math.min(WINDOW, values.length) - 1;
      const last = fromEnd(values, 0);
      const slope = (last - fromEnd(values, span)) / span;
      return new Float64Array(horizon).map((_, step) => last + slope * (step + 1));
    },
});
