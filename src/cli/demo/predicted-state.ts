import type { TanistClient } from '../../client/index.ts';
import { median } from '../../foundation/statistics.ts';
import { type MetricStream, metricIn, metricPrefix } from './metric-stream.ts';

/** How far the state that a promoted replica has is from what is true by now. */
export interface PredictedState {
  /** Keys of which something is predicted, and whose metric moved at all. */
  readonly keys: number;
  /** Medians of the absolute errors, in parts of the range that each metric had: of what is predicted, and of what was last known. */
  readonly errorWith: number;
  readonly errorWithout: number;
}

/** Compares with what the machine is like now. */
export async function predictedState(
  client: Pick<TanistClient, 'get'>,
  stream: Pick<MetricStream, 'latest' | 'range'>,
): Promise<PredictedState> {
  const { predictions } = await client.get(metricPrefix, {
    prefix: true,
    consistency: 'predicted',
    minConfidence: 0,
  });
  const now = stream.latest();
  const errors: { readonly withModel: number; readonly without: number }[] = [];
  for (const { key, value, last } of predictions) {
    const name = Buffer.from(key).toString('utf8');
    const truth = now.get(name);
    const range = stream.range(name);
    if (truth === undefined || range === 0) continue;
    const off = (bytes: Uint8Array): number => Math.abs(metricIn(bytes) - truth) / range;
    errors.push({ withModel: off(value), without: off(last.value) });
  }
  // The end of three processes moves some metrics far beyond any range that they had.
  const typical = (each: readonly number[]): number => (each.length === 0 ? 0 : median(each));
  return {
    keys: errors.length,
    errorWith: typical(errors.map(({ withModel }) => withModel)),
    errorWithout: typical(errors.map(({ without }) => without)),
  };
}
