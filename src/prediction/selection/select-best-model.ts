import type { History } from '../forecast.ts';
import { type SelectionOptions, type Settings, settingsOf } from './options.ts';
import { roll, until, type Visit } from './roll.ts';
import { Selected } from './selected.ts';

/** Share of the history that no origin of the backtest lies in: the first models need something to be fitted to. */
const KEPT_FROM_BACKTEST = 0.4;
const SHORTEST = 8;

/**
 * Chooses by a rolling-origin backtest over the history (Tashman 2000): at every origin all candidates forecast from what was known then,
 * and the selection, seeing only that, with them. What comes back is up to date with the history's end: `next(history)` forecasts.
 */
export async function selectBestModel(
  history: History,
  options: SelectionOptions,
  visit?: Visit,
): Promise<Selected> {
  const settings = settingsOf(options, history.values.length);
  const origins = backtestOrigins(history.values.length, settings);
  const first = until(history, origins[0] ?? history.values.length);
  const selected = new Selected(settings, first);
  await roll(selected, history, origins, visit);
  selected.observe(history);
  selected.refit(history);
  if (Number.isFinite(settings.members)) selected.narrow(settings.members);
  return selected;
}

/** What no origin of that backtest lies in: a model trained on it is judged on values that it has not seen. */
export function pastOfBacktest(history: History, options: SelectionOptions): History {
  const { length } = history.values;
  const [first] = backtestOrigins(length, settingsOf(options, length));
  return first === undefined ? history : until(history, first);
}

/** Lengths of the histories that the backtest forecasts from, rising; each but those near the end has its whole truth in the history. */
function backtestOrigins(length: number, { origins, spacing, horizon }: Settings): readonly number[] {
  const least = Math.max(SHORTEST, Math.floor(length * KEPT_FROM_BACKTEST));
  const result: number[] = [];
  for (
    let origin = length - Math.min(spacing, horizon);
    origin >= least && result.length < origins;
    origin -= spacing
  )
    result.push(origin);
  return result.reverse();
}
