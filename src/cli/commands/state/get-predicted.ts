import type { ClientPrediction } from '../../../ports/state-client.ts';
import { withCluster } from '../../command.ts';
import { printable } from '../../terminal/json.ts';
import { UsageError } from '../../terminal/usage-error.ts';
import type { GetOptions } from './get-options.ts';
import { keyValueJson, keyValueLines } from './key-values.ts';

interface Bounds {
  readonly rangeEnd?: string;
  readonly prefix?: boolean;
  readonly limit?: number;
}

/** `get --consistency predicted`: what is true, and below each key what is predicted of it. */
export async function getPredicted(key: string, bounds: Bounds, options: GetOptions): Promise<void> {
  for (const name of ['revision', 'keysOnly', 'countOnly'] as const)
    if (options[name] !== undefined)
      throw new UsageError(
        '--consistency predicted: predictions are values of the present, without --revision, --keys-only, --count-only',
      );
  const { minConfidence = 0 } = options;
  const range = { ...bounds, consistency: 'predicted', minConfidence } as const;
  await withCluster(options, async ({ client, endpoints, out, call }) => {
    // As with serializable reads: whoever names nodes wants to know it of the first of these.
    const answer =
      options.endpoints === undefined
        ? await client.get(key, { ...range, ...call })
        : await client.getPredictedAt(endpoints[0] ?? '', key, { ...range, ...call });
    const { revision, count, more, ageMs, values, predictions } = answer;
    out.document({
      revision,
      count,
      more,
      ageMs,
      values: values.map(keyValueJson),
      predictions: predictions.map(predictionJson),
    });
    const predicted = new Map(predictions.map((prediction) => [printable(prediction.key), prediction]));
    for (const value of values) {
      for (const line of keyValueLines(value)) out.say(line);
      const prediction = predicted.get(printable(value.key));
      if (prediction !== undefined)
        for (const line of predictionLines(prediction)) out.say(out.style.dim(line));
    }
    if (values.length === 0 && !out.json) process.stderr.write('no such key\n');
  });
}

function predictionJson({ last, key, value, ...rest }: ClientPrediction): object {
  return { key: printable(key), value: printable(value), ...rest, last: keyValueJson(last) };
}

function predictionLines(prediction: ClientPrediction): readonly string[] {
  const { value, confidence, level, fields, model, ageMs, last } = prediction;
  const made = `made ${Math.round(ageMs)} ms ago from revision ${last.modRevision} by ${model}`;
  return [
    `  predicted: ${printable(value)}`,
    `  confidence ${figure(confidence)}, ${made}`,
    ...fields.map(
      ({ pointer, mean, lower, upper }) =>
        `  ${pointer === '' ? 'value' : pointer}: ${figure(mean)}, with ${figure(level * 100)} % from ${figure(lower)} to ${figure(upper)}`,
    ),
  ];
}

function figure(value: number): string {
  return String(Number(value.toPrecision(6)));
}
