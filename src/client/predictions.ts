import type { ByteString } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import type { PredictionsReport, SeriesForecast } from '../ports/prediction-status.ts';
import type { PredictionsRequest } from '../protocol/predictions.ts';

/**
 * What a node expects of its keys, a reply after the other, since it gives a bounded number at a time. `limit` 0: of all. Errors: those of `ask`;
 * `unavailable` another node answers now (leadership changed).
 */
export async function allPredictions(
  ask: (request: PredictionsRequest) => Promise<PredictionsReport>,
  prefix: ByteString,
  limit: number,
): Promise<PredictionsReport> {
  const first = await ask({ prefix, limit, after: null });
  const series = [...first.series];
  let { more } = first;
  while (more && (limit === 0 || series.length < limit)) {
    const last = series.at(-1);
    if (last === undefined) break;
    const { space, key, pointer } = last;
    const rest = limit === 0 ? 0 : limit - series.length;
    const next = await ask({ prefix, limit: rest, after: { space, key, pointer } });
    if (next.node !== first.node)
      throw new TanistError('unavailable', `${next.node} answers in place of ${first.node}; ask again`);
    // A node that knows of no pages gives the first one again.
    if (next.series.length === 0 || isSame(next.series[0], first.series[0])) break;
    series.push(...next.series);
    more = next.more;
  }
  return { ...first, series, more };
}

function isSame(a: SeriesForecast | undefined, b: SeriesForecast | undefined): boolean {
  return a?.space === b?.space && a?.key === b?.key && a?.pointer === b?.pointer;
}
