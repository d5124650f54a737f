import type { History } from '../forecast.ts';
import { at } from '../math/at.ts';

/** Whether the values only grow, but for restarts from near zero (at most one in fifty steps), and grow often. */
export function isCounter(values: Float64Array): boolean {
  if (values.length < 16) return false;
  let up = 0;
  let restarts = 0;
  for (let i = 1; i < values.length; i++) {
    const before = at(values, i - 1);
    const value = at(values, i);
    if (value < 0) return false;
    if (value > before) up++;
    else if (value < before) {
      if (value > 0.1 * before) return false;
      restarts++;
    }
  }
  return up >= 0.5 * (values.length - 1) && restarts <= (values.length - 1) / 50;
}

/** Growth per step; after a restart the counter's own value is what it grew by. One element shorter than the history. */
export function ratesOf(history: History): History {
  const { values } = history;
  const rates = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 0; i < rates.length; i++) {
    const growth = at(values, i + 1) - at(values, i);
    rates[i] = growth >= 0 ? growth : at(values, i + 1);
  }
  return { ...history, values: rates };
}

/** The counter from its last value and the rates ahead; it does not go down. */
export function accumulated(last: number, rates: Float64Array): Float64Array {
  let sum = last;
  return rates.map((rate) => {
    sum += Math.max(0, rate);
    return sum;
  });
}
