import { unreachable } from '../../../foundation/assert.ts';
import type { ClientAbsentPrediction, ClientPrediction } from '../../../ports/state-client.ts';
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
    const { revision, count, more, ageMs, values, predictions, absent } = answer;
    out.document({
      revision,
      count,
      more,
      ageMs,
      values: values.map(keyValueJson),
      predictions: predictions.map(predictionJson),
      absent: absent.map(({ key: of, ...why }) => ({ key: printable(of), ...why })),
    });
    const told = new Map([
      ...absent.map((each) => [printable(each.key), [`  no prediction: ${whyText(each)}`]] as const),
      ...predictions.map((each) => [printable(each.key), predictionLines(each)] as const),
    ]);
    for (const value of values) {
      for (const line of keyValueLines(value)) out.say(line);
      for (const line of told.get(printable(value.key)) ?? []) out.say(out.style.dim(line));
    }
    if (values.length === 0 && !out.json) process.stderr.write('no such key\n');
  });
}

function predictionJson({ last, key, value, ...rest }: ClientPrediction): object {
  return { key: printable(key), value: printable(value), ...rest, last: keyValueJson(last) };
}

function predictionLines(prediction: ClientPrediction): readonly string[] {
  const { value, confidence, changeProbability, level, fields, model, source, ageMs, last } = prediction;
  const held = source === 'ready' ? '; held ready for a failover' : '';
  const made = `made ${Math.round(ageMs)} ms ago from revision ${last.modRevision} by ${model}${held}`;
  return [
    `  predicted: ${printable(value)}`,
    `  confidence ${figure(confidence)}, ${made}`,
    ...(changeProbability === null ? [] : [`  changes until then with ${figure(changeProbability * 100)} %`]),
    ...fields.map(
      ({ pointer, mean, lower, upper }) =>
        `  ${pointer === '' ? 'value' : pointer}: ${figure(mean)}, with ${figure(level * 100)} % from ${figure(lower)} to ${figure(upper)}`,
    ),
  ];
}

function whyText({ why, confidence }: ClientAbsentPrediction): string {
  switch (why) {
    case 'not-asked':
      return 'no policy asks for it (tanist policy set --predict)';
    case 'no-predictor':
      return 'this node forecasts nothing now; tanist status tells of its predictor';
    case 'learning':
      return 'the node is learning its past, or its last change; ask again';
    case 'left-out':
      return 'the budget of the node has no room for it';
    case 'no-forecast':
      return 'too few numbers of it are known, its value is none, or its last change is too long ago';
    case 'unsure':
      return `its confidence of ${figure(confidence ?? 0)} is less than what its policy, or --min-confidence, asks for`;
    default:
      return unreachable(why);
  }
}

function figure(value: number): string {
  return String(Number(value.toPrecision(6)));
}
