import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

interface DeleteOptions extends ClientOptions {
  readonly prefix?: boolean;
  readonly previous?: boolean;
}

export const delCommand: Register = (program) => {
  withClient(
    program
      .command('del')
      .summary('delete keys')
      .argument('<key>')
      .argument('[range-end]', 'first key beyond the range')
      .option('--prefix', 'all keys that start with KEY')
      .option('--previous', 'also show what was there'),
  ).action(async (key: string, rangeEnd: string | undefined, options: DeleteOptions) => {
    const { keyValueJson, keyValueLines, rangeOptions } = await import('./key-values.ts');
    const range = rangeOptions(rangeEnd, options);
    await withCluster(options, async ({ client, out, call }) => {
      const { revision, deleted, previous } = await client.delete(key, {
        ...range,
        ...call,
        previous: options.previous === true,
      });
      out.document({ revision, deleted, previous: previous.map(keyValueJson) });
      out.say(`${deleted} deleted, revision ${revision}`);
      for (const line of previous.flatMap((value) => keyValueLines(value))) out.say(line);
    });
  });
};
