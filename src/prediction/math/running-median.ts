import { at } from './at.ts';
import { SortedWindow } from './sorted-window.ts';

/** Median of the `length` values up to each one, fewer at the beginning. */
export function runningMedians(values: Float64Array, length: number): Float64Array {
  const window = new SortedWindow(length);
  return values.map((_, i) => {
    window.add(at(values, i));
    return window.quantile(0.5);
  });
}
