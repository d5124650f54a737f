import { type ByteString, byteStringOfText } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { OnlinePrediction } from '../../node/prediction/online-prediction.ts';
import type { TrackedKey } from '../../node/prediction/tracked-keys.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { PredictionsReport, SeriesForecast, SeriesName } from '../../ports/prediction-status.ts';
import type { TableRow } from '../../prediction/online/table-row.ts';
import type { PredictionsRequest } from '../../protocol/predictions.ts';

/** Steps ahead in a reply: a few ms of the event loop. Whoever wants more asks again. */
export const mostStepsOfReply = 1024;

/** What a node holds ready, in order of keys, up to what one reply may cost. Errors: `unavailable` where it has no predictor. */
export function predictionsOf(
  node: Pick<ServedNode, 'id' | 'prediction'>,
  { prefix, limit, after }: PredictionsRequest,
): PredictionsReport {
  const { id, prediction } = node;
  if (prediction === null)
    throw new TanistError('unavailable', `${id} has no predictor; see section prediction of its config`);
  const series: SeriesForecast[] = [];
  let steps = 0;
  let more = false;
  for (const { of, name, number } of namesAfter(prediction, prefix, after)) {
    const row = prediction.table.row(number);
    if (row === null) continue;
    more = steps >= mostStepsOfReply || (limit > 0 && series.length === limit);
    if (more) break;
    series.push(forecastOf(prediction, row, name, prediction.changesOf(of)));
    steps += row.get('horizon');
  }
  if (after !== null) return { node: id, status: prediction.status(), series, more, behaviour: [] };
  const behaviour = prediction
    .behaviour()
    .map(({ name, row }) =>
      forecastOf(prediction, row, { space: 'user', key: byteStringOfText(name), pointer: '' }, []),
    );
  return { node: id, status: prediction.status(), series, more, behaviour };
}

/** In order of key, space, pointer; without those that have been. */
export function* namesAfter(
  { tracked }: Pick<OnlinePrediction, 'tracked'>,
  prefix: ByteString,
  after: SeriesName | null,
): Generator<{ readonly of: TrackedKey; readonly name: SeriesName; readonly number: number }> {
  const keys = [...tracked]
    .filter(({ key }) => key.startsWith(prefix) && (after === null || key >= after.key))
    .sort((a, b) => order(a.key, b.key) || order(a.space, b.space));
  for (const tracked of keys)
    for (const { id, pointer } of tracked.fields.toSorted((a, b) => order(a.pointer, b.pointer))) {
      const { space, key } = tracked;
      const name = { space, key, pointer };
      if (after === null || compareNames(name, after) > 0) yield { of: tracked, name, number: id };
    }
}

function compareNames(a: SeriesName, b: SeriesName): number {
  return order(a.key, b.key) || order(a.space, b.space) || order(a.pointer, b.pointer);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function forecastOf(
  prediction: Pick<OnlinePrediction, 'table' | 'inputsOf'>,
  row: TableRow,
  of: SeriesName,
  changeProbability: readonly number[],
): SeriesForecast {
  const steps = Array.from({ length: row.get('horizon') }, (_, i) => i + 1);
  return {
    ...of,
    model: prediction.table.model(row),
    inputs: prediction.inputsOf(row),
    stepMs: row.get('stepMs'),
    endMs: row.get('endMs'),
    lastValue: row.get('lastValue'),
    mean: steps.map((step) => row.mean(step)),
    lower: steps.map((step) => row.lower(step)),
    upper: steps.map((step) => row.upper(step)),
    confidence: steps.map((step) => row.confidence(step)),
    changeProbability,
    observations: row.get('observations'),
    scored: row.get('scored'),
    error: row.get('error'),
    naiveError: row.get('naiveError'),
    coverage: row.get('coverage'),
  };
}
