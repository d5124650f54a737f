import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const transferCommand: Register = (program) => {
  withClient(
    program
      .command('transfer')
      .summary('hand leadership over')
      .description(
        'Hands leadership to the first heir, or to a chosen node, without losing or failing a write.',
      )
      .option('--to <id>', 'the node that shall lead'),
  ).action((options: ClientOptions & { readonly to?: string }) =>
    withCluster(options, async ({ client, out, change }) => {
      const { leader, term } = await client.transfer(options.to, change);
      out.document({ leader, term });
      out.say(`${out.style.bold(leader)} leads, term ${term}`);
    }),
  );
};
