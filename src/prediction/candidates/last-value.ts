import { fromEnd } from '../math/at.ts';
import { fitting } from './fitting.ts';

/** The last value again: what every other candidate has to beat. */
export const lastValue = fitting({
  name: 'last-value',
  costUs: 1,
  stepUs: 1,
  minimumLength: () => 1,
  fit:
    (_history, _profile, horizon) =>
    ({ values }) =>
      new Float64Array(horizon).fill(fromEnd(values, 0)),
});
