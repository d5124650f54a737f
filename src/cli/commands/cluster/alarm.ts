import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';

export const alarmCommand: Register = (program) => {
  const alarm = program.command('alarm').summary('what the cluster refuses to go on without');
  withClient(
    alarm
      .command('list')
      .summary('the alarms that are on')
      .description(
        'noSpace: the quota is used up, and whatever takes space is refused until it is disarmed.\n' +
          'corrupt: replicas differ and no majority agrees. Writes are refused, and the members named serve nothing, until an operator has said\n' +
          'which ones are wrong (tanist repair); it is lifted once all agree.',
      ),
  ).action((options: ClientOptions) =>
    withCluster(options, async ({ client, endpoints, out, call }) => {
      const { clusterStatus } = await import('../../client.ts');
      const { alarms } = await clusterStatus(client, endpoints, call);
      out.document({ alarms });
      out.table(
        ['member', 'alarm'],
        alarms.map(({ member, kind }) => [member, kind]),
      );
    }),
  );
  withClient(
    alarm
      .command('disarm')
      .summary('go on: space was made')
      .option('--corrupt', 'disarm corrupt, which is lifted by itself once all replicas agree')
      .description(
        'Disarms noSpace. Delete keys first, or raise limits.quotaBytes: above the quota it comes back.',
      ),
  ).action((options: ClientOptions & { readonly corrupt?: boolean }) =>
    withCluster(options, async ({ client, out, call }) => {
      const alarms = await client.disarm(options.corrupt === true ? 'corrupt' : 'noSpace', call);
      out.document({ alarms });
      out.say(
        alarms.length === 0
          ? 'no alarm was on'
          : `disarmed: ${alarms.map(({ member }) => member).join(', ')}`,
      );
    }),
  );
};
