import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { SeriesName, SeriesPast, SeriesPasts } from '../../ports/prediction-status.ts';
import type { PredictionsRequest } from '../../protocol/predictions.ts';
import { namesAfter } from './predictions-of.ts';

/** In one reply: half a megabyte at most. Whoever wants more asks again. */
export const mostPastsOfReply = 64;

/**
 * The pasts of the series that a node forecasts, as its predictor has them, in order of keys. Errors: `unavailable` where it has no predictor, or none that
 * runs.
 */
export async function seriesOf(
  { id, prediction }: Pick<ServedNode, 'id' | 'prediction'>,
  { prefix, limit, after }: PredictionsRequest,
): Promise<SeriesPasts> {
  if (prediction === null)
    throw new TanistError('unavailable', `${id} has no predictor; see section prediction of its config`);
  const most = limit === 0 ? mostPastsOfReply : Math.min(limit, mostPastsOfReply);
  const names: SeriesName[] = [];
  const numbers: number[] = [];
  let more = false;
  for (const { name, number } of namesAfter(prediction, prefix, after)) {
    more = names.length === most;
    if (more) break;
    names.push(name);
    numbers.push(number);
  }
  const histories = numbers.length === 0 ? [] : await prediction.histories(numbers);
  const series = names.flatMap((name, i): SeriesPast[] => {
    const history = histories[i] ?? null;
    if (history === null) return [];
    const { values, stepMs, endMs } = history;
    return [{ ...name, stepMs, endMs, values }];
  });
  return { node: id, series, last: names.at(-1) ?? null, more };
}
