import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { printable } from '../../terminal/json.ts';

interface SetOptions extends ClientOptions {
  readonly ack: string;
  readonly tier: string;
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
      .option('--tier <tier>', 'critical: warm replicas hold these keys, too; full: they do not', 'full')
      .option('--predict <how>', 'not in this version'),
  ).action(async (prefix: string, options: SetOptions) => {
    const { nestingOf, policyOf } = await import('./policy-options.ts');
    const policy = policyOf(options);
    await withCluster(options, async ({ client, out, call }) => {
      await client.setPolicy(prefix, policy, call);
      const others = (await client.policies(call)).map((other) => printable(other.prefix));
      const note = nestingOf(prefix, others);
      out.document({ prefix, ack: policy.acknowledge, tier: policy.tier, note });
      out.say(`${prefix}: acknowledged by ${policy.acknowledge}, tier ${policy.tier}`);
      if (note !== null) out.say(out.style.dim(note));
    });
  });
  withClient(family.command('list').summary('all policies')).action((options: ClientOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      const policies = await client.policies(call);
      const rows = policies.map(({ prefix, policy }) => ({
        prefix: printable(prefix),
        ack: policy.acknowledge,
        tier: policy.tier,
      }));
      out.document(rows);
      out.table(
        ['prefix', 'acknowledged by', 'tier'],
        rows.map((row) => [row.prefix, row.ack, row.tier]),
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
