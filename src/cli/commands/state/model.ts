import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import type { ContributeOptions } from '../../learning/run-contribute.ts';
import { endpointList, positiveNumber, wholeNumber } from '../../terminal/arguments.ts';

interface ContributeFlags extends ClientOptions, Omit<ContributeOptions, 'noise'> {
  readonly noise: number;
}

export const modelCommand: Register = (program) => {
  const family = program.command('model').summary('the model that the cluster learns, and how to teach it');
  withClient(
    family
      .command('show')
      .summary('the version in use, what spoke for it, and how the learning goes')
      .description('As the leader has it, or the node that --endpoints names first.'),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { learningJson, learningText, learningTroubles, modelLines } = await import(
        '../../learning/model-text.ts'
      );
      const asked = options.endpoints === undefined ? {} : { endpoint: endpoints[0] ?? '' };
      const { node, learning } = await client.models.get({ ...call, ...asked });
      out.document({ node, ...learningJson(learning) });
      if (learning.model !== null) for (const line of modelLines(learning.model)) out.say(line);
      out.say(`\n${node}: ${learningText(learning)}`);
      for (const line of learningTroubles(learning)) out.say(out.style.dim(line));
    }),
  );
  withClient(
    family
      .command('publish')
      .summary('put a model file in the place of the version in use')
      .description(
        'For one that turned out bad, or cannot be read. The nodes load it from the log; learning goes on from it.',
      )
      .argument('[file]', 'default: the model that came with this program'),
  ).action((file: string | undefined, options: ClientOptions) =>
    withCluster(options, async ({ client, out, change }) => {
      const { baseModelFile, encodeModelFile, loadModel } = await import(
        '../../../prediction/neural/model-file.ts'
      );
      const { learningJson, modelLines } = await import('../../learning/model-text.ts');
      const model = await loadModel(file ?? baseModelFile);
      const { node, learning, publishing } = await client.models.publish(encodeModelFile(model), change);
      out.document({ node, publishing, ...learningJson(learning) });
      out.say(
        publishing === 'unchanged'
          ? 'nothing was published: this very version is in use already'
          : 'published, in the place of the version in the log',
      );
      if (learning.model !== null) for (const line of modelLines(learning.model)) out.say(line);
    }),
  );
  withClient(
    family
      .command('contribute')
      .summary('train the model on private series and send how its weights moved')
      .description(
        'Federated learning: reads CSV files of timestamp,value, or what another cluster predicts, trains the version in use on them here, and sends the difference of the weights,\n' +
          'clipped and with the noise asked for, with the number of values it was trained on. The values stay. Noise that hides a single series takes\n' +
          'many contributors: see the README of src/prediction/learning.',
      )
      .option('--csv <path>', 'a file, or a folder of files')
      .option(
        '--from <list>',
        'host:port,… of nodes of a cluster that predicts: its keys in place of files',
        endpointList,
      )
      .option('--prefix <prefix>', 'only its keys under this prefix')
      .option('--clip <norm>', 'largest norm of the update', positiveNumber, 1)
      .option('--noise <clips>', 'standard deviation of noise on each weight, in clips', noiseOf, 0)
      .option('--steps <count>', 'of training', wholeNumber(1, 100_000), 300)
      .option('--horizon <steps>', 'steps ahead to learn and to judge', wholeNumber(1, 64), 12)
      .option(
        '--seed <text>',
        'draws the same lessons and noise again; noise that can be drawn again hides nothing (default: at random)',
      )
      .option('--as <name>', 'name of the contributor (default: that of this machine)')
      .option('--quiet', 'do not send the errors that were measured here')
      .option('--dry-run', 'train, say what would leave, and send nothing'),
  ).action((options: ContributeFlags) =>
    withCluster(options, async (context) => {
      const { runContribute } = await import('../../learning/run-contribute.ts');
      await runContribute(options, context);
    }),
  );
};

function noiseOf(text: string): number {
  return Number(text) === 0 ? 0 : positiveNumber(text);
}
