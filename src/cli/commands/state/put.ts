import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { leaseNumber } from '../../terminal/arguments.ts';

interface PutOptions extends ClientOptions {
  readonly lease?: bigint;
  readonly previous?: boolean;
}

export const putCommand: Register = (program) => {
  withClient(
    program
      .command('put')
      .summary('write a key')
      .argument('<key>')
      .argument('[value]', 'without it, or -, the standard input')
      .option('--lease <id>', 'the key goes when this lease does', leaseNumber)
      .option('--previous', 'also show what was there before'),
  ).action(async (key: string, value: string | undefined, options: PutOptions) => {
    const { keyValueJson, keyValueLines } = await import('./key-values.ts');
    const { valueOrInput } = await import('../../terminal/standard-input.ts');
    const bytes = await valueOrInput(value, process.stdin, (hint) => console.error(hint));
    await withCluster(options, async ({ client, out, call }) => {
      const { revision, previous } = await client.put(key, bytes, {
        ...call,
        previous: options.previous === true,
        ...(options.lease === undefined ? {} : { lease: options.lease as never }),
      });
      out.document({ revision, previous: previous === null ? null : keyValueJson(previous) });
      out.say(`OK, revision ${revision}`);
      if (previous !== null) for (const line of keyValueLines(previous)) out.say(line);
    });
  });
};
