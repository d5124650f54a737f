import {
  type CallContext,
  type ClientOptions,
  type Register,
  withClient,
  withCluster,
} from '../../command.ts';
import { wholeNumber } from '../../terminal/arguments.ts';

interface PredictionsOptions extends ClientOptions {
  readonly limit?: number;
  readonly behaviour?: boolean;
}

export const predictionsCommand: Register = (program) => {
  withClient(
    program
      .command('predictions')
      .summary('what a node expects of its keys')
      .description(
        'The forecasts that a node holds ready: of the leader, or of the node that --endpoints names first. confidence: the probability, as measured, that\n' +
          'the next prediction is good, that is within its interval and no further off than the last value; error: running mean error one step ahead,\n' +
          'relative to that of the last value; held: part of the truths that lay within their intervals. Which keys: tanist policy set --predict.',
      )
      .argument('[prefix]', 'only keys that start with it', '')
      .option(
        '--behaviour',
        'in their place how the application behaves on that node: what it uses, operations by prefix',
      )
      .option('--limit <count>', 'at most so many series (default: 100, with --json all)', wholeNumber(1)),
  ).action((prefix: string, options: PredictionsOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { predictorText } = await import('../cluster/predictor-text.ts');
      const { forecastColumns, forecastJson, forecastRow } = await import('./predictions-view.ts');
      const limit = options.limit ?? (out.json ? 0 : 100);
      const asked = options.endpoints === undefined ? {} : { endpoint: endpoints[0] ?? '' };
      const {
        status,
        series: ofKeys,
        behaviour,
        more,
      } = await client.predictions(prefix, { ...call, ...asked, limit });
      const series = options.behaviour === true ? behaviour : ofKeys;
      out.document(series.map(forecastJson));
      out.table(forecastColumns, series.map(forecastRow));
      if (more) out.say('and more; --limit shows them');
      out.say(`\n${predictorText(status)}`);
      if (!out.json) for (const line of await learning(client, { ...call, ...asked })) out.say(line);
    }),
  );
};

/** Which version of the model this is of, and how it goes on learning; of a node that learns nothing, nothing. */
async function learning(
  client: CallContext['client'],
  call: CallContext['call'] & { readonly endpoint?: string },
): Promise<readonly string[]> {
  const { learningText, modelLines } = await import('../../learning/model-text.ts');
  try {
    const { learning: status } = await client.models.get(call);
    const [model] = status.model === null ? [] : modelLines(status.model);
    return [...(model === undefined ? [] : [`model: ${model}`]), learningText(status)];
  } catch (error) {
    return [`learning: ${error instanceof Error ? error.message : String(error)}`];
  }
}
