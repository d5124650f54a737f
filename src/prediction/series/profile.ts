import type { History, Profile } from '../forecast.ts';
import { isCounter, ratesOf } from './counter.ts';
import { levelSince } from './level-shift.ts';
import { detectSeasons } from './season.ts';

/** Values that kind and seasons are judged by: the newest. */
const WINDOW = 4096;

/** What is found out about a series from its past alone. A season that the caller knows is put first. */
export function profileOf(history: History, season: number | null = null): Profile {
  const values = history.values.subarray(-WINDOW);
  const skipped = history.values.length - values.length;
  if (values.every((value) => value === values[0])) return { kind: 'constant', seasons: [], levelSince: 0 };
  const kind = isCounter(values) ? 'counter' : 'numeric';
  const judged = kind === 'counter' ? ratesOf({ ...history, values }).values : values;
  const found = detectSeasons(judged, history.stepMs);
  const seasons = season === null ? found : [season, ...found.filter((other) => other !== season)];
  const since = levelSince(judged);
  return { kind, seasons: seasons.slice(0, 3), levelSince: since === 0 ? 0 : since + skipped };
}
