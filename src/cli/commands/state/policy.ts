import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { printable } from '../../terminal/json.ts';

interface SetOptions extends ClientOptions {
  readonly ack: string;
  readonly tier?: string;
  readonly predict?: string;
}

export const policyCommand: Register = (program) => {
  const family = program.command('policy').summary('what holds for keys that start with a prefix');
  withClient(
    family
      .command('set')
      .summary('set the policy of a prefix')
      .argument('<prefix>')
      .option(
        '--ack <who>',
        'quorum: acknowledge when durable on a majority; leader: at once, may be lost',
        'quorum',
      )
      .option('--tier <tier>', 'not in this version')
      .option('--predict <how>', 'not in this version'),
  ).action(async (prefix: string, options: SetOptions) => {
    const { acknowledgeOf } = await import('./policy-options.ts');
    const policy = { acknowledge: acknowledgeOf(options) };
    await withCluster(options, async ({ client, out, call }) => {
      await client.setPolicy(prefix, policy, call);
      out.document({ prefix, ack: policy.acknowledge });
      out.say(`${prefix}: acknowledged by ${policy.acknowledge}`);
    });
  });
  withClient(family.command('list').summary('all policies')).action((options: ClientOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      const policies = await client.policies(call);
      const rows = policies.map(({ prefix, policy }) => ({
        prefix: printable(prefix),
        ack: policy.acknowledge,
      }));
      out.document(rows);
      out.table(
        ['prefix', 'acknowledged by'],
        rows.map((row) => [row.prefix, row.ack]),
      );
    }),
  );
  withClient(family.command('remove').summary('remove the policy of a prefix').argument('<prefix>')).action(
    (prefix: string, options: ClientOptions) =>
      withCluster(options, async ({ client, out, call }) => {
        await client.removePolicy(prefix, call);
        out.document({ prefix, removed: true });
        out.say(`${prefix}: policy removed`);
      }),
  );
};
