import { mutant } from '../../foundation/mutants.ts';
import type { Forecast, History } from '../forecast.ts';
import type { Forecasts } from './field.ts';
import type { Selected } from './selected.ts';

/** What a visitor sees of an origin: the length of the past, what each candidate said, and the selection's forecast. */
export type Visit = (origin: number, forecasts: Forecasts, forecast: Forecast) => void;

/**
 * Carries a selection from origin to origin of a history. Between two refits the candidates forecast in one call for all origins, each from
 * its own past; the selection then takes them one after the other, knowing at each no more than its past.
 */
export async function roll(
  selected: Selected,
  history: History,
  origins: readonly number[],
  visit: Visit = () => {},
): Promise<void> {
  for (let from = 0; from < origins.length; ) {
    const start = until(history, origins[from] ?? 0);
    if (selected.refitDue(start)) selected.refit(start);
    let to = from + 1;
    while (to < origins.length && !selected.refitDue(until(history, origins[to] ?? 0))) to++;
    const pasts = origins.slice(from, to).map((origin) => until(history, origin));
    const forecasts = await selected.field.forecast(seenOf(history, pasts), selected.wanted);
    pasts.forEach((past, k) => {
      const own = forecasts[k] ?? [];
      selected.observe(past);
      visit(past.values.length, own, selected.issue(past, own));
    });
    from = to;
  }
}

/** What candidates see of each past. */
function seenOf(history: History, pasts: readonly History[]): readonly History[] {
  if (mutant.active !== 'selection-sees-future') return pasts;
  return pasts.map(({ values }) => until(history, Math.min(history.values.length, values.length + 1)));
}

/** The history as it was when it had `length` values. */
export function until({ values, stepMs, endMs, inputs }: History, length: number): History {
  const steps = values.length - length;
  return {
    values: values.subarray(0, length),
    stepMs,
    endMs: endMs - steps * stepMs,
    ...(inputs === undefined ? {} : { inputs: inputs.before(steps) }),
  };
}
