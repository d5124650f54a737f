import { byteStringOfText } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import type { OnlinePrediction } from '../node/prediction/online-prediction.ts';
import type { ServedNode } from '../node/served-node.ts';
import type { PredictionsReport, SeriesForecast } from '../ports/prediction-status.ts';
import type { TableRow } from '../prediction/online/table-row.ts';
import type { PredictionsRequest } from '../protocol/predictions.ts';

/** Enough for a reply of a few MB. */
const mostSeries = 10_000;

/** What a node holds ready, in order of keys. Errors: `unavailable` where it has no predictor. */
export function predictionsOf(
  node: Pick<ServedNode, 'id' | 'prediction'>,
  request: PredictionsRequest,
): PredictionsReport {
  const { id, prediction } = node;
  if (prediction === null)
    throw new TanistError('unavailable', `${id} has no predictor; see section prediction of its config`);
  const limit = request.limit === 0 ? mostSeries : Math.min(mostSeries, request.limit);
  const named = [...prediction.tracked]
    .filter(({ key }) => key.startsWith(request.prefix))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .flatMap((tracked) => tracked.fields.map((field) => ({ tracked, field })));
  const series = named
    .slice(0, limit)
    .flatMap(({ tracked: { space, key }, field: { id: number, pointer } }) => {
      const row = prediction.table.row(number);
      return row === null ? [] : [forecastOf(prediction, row, { space, key, pointer })];
    });
  const behaviour = prediction
    .behaviour()
    .map(({ name, row }) =>
      forecastOf(prediction, row, { space: 'user', key: byteStringOfText(name), pointer: '' }),
    );
  return { node: id, status: prediction.status(), series, more: named.length > limit, behaviour };
}

function forecastOf(
  { table }: Pick<OnlinePrediction, 'table'>,
  row: TableRow,
  of: Pick<SeriesForecast, 'space' | 'key' | 'pointer'>,
): SeriesForecast {
  const steps = Array.from({ length: row.get('horizon') }, (_, i) => i + 1);
  return {
    ...of,
    model: table.model(row),
    stepMs: row.get('stepMs'),
    endMs: row.get('endMs'),
    lastValue: row.get('lastValue'),
    mean: steps.map((step) => row.mean(step)),
    lower: steps.map((step) => row.lower(step)),
    upper: steps.map((step) => row.upper(step)),
    confidence: steps.map((step) => row.confidence(step)),
    observations: row.get('observations'),
    scored: row.get('scored'),
    error: row.get('error'),
    naiveError: row.get('naiveError'),
    coverage: row.get('coverage'),
  };
}
