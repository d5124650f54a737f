import type { TanistClient } from '../../client/index.ts';
import { type MetricStream, metricIn, metricPrefix } from './metric-stream.ts';

/** How far the state that a promoted replica has is from what is true by now. */
export interface PredictedState {
  /** Keys of which something is predicted, and whose metric moved at all. */
  readonly keys: number;
  /** Mean absolute errors, in parts of the range that each metric had: of what is predicted, and of what was last known. */
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
  let [keys, errorWith, errorWithout] = [0, 0, 0];
  for (const { key, value, last } of predictions) {
    const name = Buffer.from(key).toString('utf8');
    const truth = now.get(name);
    const range = stream.range(name);
    if (truth === undefined || range === 0) continue;
    keys++;
    errorWith += Math.abs(metricIn(value) - truth) / range;
    errorWithout += Math.abs(metricIn(last.value) - truth) / range;
  }
  const mean = (sum: number): number => (keys === 0 ? 0 : sum / keys);
  return { keys, errorWith: mean(errorWith), errorWithout: mean(errorWithout) };
}
