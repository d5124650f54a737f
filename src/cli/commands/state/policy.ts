import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { durationMs, fraction, positiveNumber, wholeNumber } from '../../terminal/arguments.ts';
import { printable } from '../../terminal/json.ts';
import type { PolicyFlags } from './policy-options.ts';

interface SetOptions extends ClientOptions, PolicyFlags {}

export const policyCommand: Register = (program) => {
  const family = program.command('policy').summary('what holds for keys that start with a prefix');
  withClient(
    family
      .command('set')
      .summary('set the policy of a prefix')
      .description('What is not named stays as it was for this very prefix.')
      .argument('<prefix>')
      .option(
        '--ack <who>',
        'quorum: acknowledge when durable on a majority (default); leader: at once, may be lost',
      )
      .option('--tier <tier>', 'critical: warm replicas hold these keys, too; full: they do not (default)')
      .option(
        '--predict <what>',
        'predict these keys: value (each value is a number), or numbers in JSON values, such as /cpu,/load/one; none: no more',
      )
      .option('--predict-step <time>', 'between two values; else as measured', durationMs)
      .option('--predict-horizon <steps>', 'steps held ready (default: 12)', wholeNumber(1, 64))
      .option(
        '--predict-confidence <0..1>',
        'least confidence to apply at a promotion (default: 0.5)',
        fraction,
      )
      .option('--predict-weight <weight>', 'when not all can be predicted (default: 1)', positiveNumber),
  ).action(async (prefix: string, options: SetOptions) => {
    const { nestingOf, policyOf, policyText, prefixText } = await import('./policy-options.ts');
    // What is wrong with the flags is told before anybody is asked.
    policyOf(options);
    await withCluster(options, async ({ client, out, call }) => {
      const policies = await client.policies(call);
      const before = policies.find((other) => printable(other.prefix) === prefix)?.policy ?? null;
      const policy = policyOf(options, before);
      await client.setPolicy(prefix, policy, call);
      const note = nestingOf(
        prefix,
        policies.map((other) => printable(other.prefix)),
      );
      const { acknowledge: ack, tier, predict } = policy;
      out.document({ prefix, ack, tier, predict, note });
      const [was, is] = [before === null ? null : policyText(before), policyText(policy)];
      out.say(
        `${prefixText(prefix)}: ${is}${was === null || was === is ? '' : out.style.dim(` (was: ${was})`)}`,
      );
      if (note !== null) out.say(out.style.dim(note));
    });
  });
  withClient(family.command('list').summary('all policies')).action(async (options: ClientOptions) => {
    const { predictText, prefixText } = await import('./policy-options.ts');
    await withCluster(options, async ({ client, out, call }) => {
      const policies = await client.policies(call);
      const rows = policies.map(({ prefix, policy }) => ({
        prefix: printable(prefix),
        ack: policy.acknowledge,
        tier: policy.tier,
        predict: policy.predict,
      }));
      out.document(rows);
      out.table(
        ['prefix', 'acknowledged by', 'tier', 'predicted'],
        rows.map((row) => [prefixText(row.prefix), row.ack, row.tier, predictText(row.predict) ?? '']),
      );
    });
  });
  withClient(family.command('remove').summary('remove the policy of a prefix').argument('<prefix>')).action(
    (prefix: string, options: ClientOptions) =>
      withCluster(options, async ({ client, out, call }) => {
        const { prefixText } = await import('./policy-options.ts');
        await client.removePolicy(prefix, call);
        out.document({ prefix, removed: true });
        out.say(`${prefixText(prefix)}: policy removed`);
      }),
  );
};
