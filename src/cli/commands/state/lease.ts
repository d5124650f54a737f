import { textOf } from '../../../foundation/bytes.ts';
import type { LeaseId } from '../../../foundation/ids.ts';
import type { LeaseStatus } from '../../../protocol/operations/administration.ts';
import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { durationMs, leaseNumber, leaseText } from '../../terminal/arguments.ts';
import { figure } from '../../terminal/figure.ts';

/** Of each lease its keys are asked for by itself. */
const askedAtOnce = 64;

export const leaseCommand: Register = (program) => {
  const family = program.command('lease').summary('keys that live as long as someone renews them');
  withClient(
    family
      .command('grant')
      .summary('a new lease')
      .argument('<ttl>', 'its time-to-live, such as 10s', durationMs)
      .option('--id <id>', 'choose the id', leaseNumber),
  ).action((ttl: number, options: ClientOptions & { readonly id?: bigint }) =>
    withCluster(options, async ({ client, out, call }) => {
      const { id, ttlMs } = await client.grantLease(ttl, {
        ...call,
        ...(options.id === undefined ? {} : { id: options.id as LeaseId }),
      });
      out.document({ id: leaseText(id), ttlMs });
      out.say(`lease ${leaseText(id)}, time-to-live ${ttlMs} ms`);
    }),
  );
  withClient(
    family
      .command('revoke')
      .summary('end a lease and delete its keys')
      .argument('<id>', 'lease', leaseNumber),
  ).action((id: bigint, options: ClientOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      await client.revokeLease(id as LeaseId, call);
      out.document({ id: leaseText(id), revoked: true });
      out.say(`lease ${leaseText(id)} revoked`);
    }),
  );
  withClient(
    family
      .command('keep-alive')
      .summary('renew a lease until Ctrl-C')
      .argument('<id>', 'lease', leaseNumber)
      .option('--once', 'renew once and end'),
  ).action(async (id: bigint, options: ClientOptions & { readonly once?: boolean }) => {
    const { keepLease } = await import('./keep-lease.ts');
    await withCluster(options, (context) => keepLease(context, id as LeaseId, options.once === true));
  });
  withClient(family.command('list').summary('all leases')).action((options: ClientOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      const known = await client.leases(call);
      const leases: LeaseStatus[] = [];
      for (let at = 0; at < known.length; at += askedAtOnce) {
        const asked = known.slice(at, at + askedAtOnce).map(({ id }) => client.leaseStatus(id, call));
        leases.push(...(await Promise.all(asked)).filter((lease) => lease !== null));
        out.progress.update(`${figure(leases.length)} of ${figure(known.length)} leases`);
      }
      out.progress.clear();
      out.document(
        leases.map(({ id, ttlMs, remainingMs, keys }) => ({
          id: leaseText(id),
          ttlMs,
          remainingMs,
          keys: keys.map(textOf),
        })),
      );
      out.table(
        ['lease', 'ttl ms', 'remaining ms', 'keys'],
        leases.map((lease) => [leaseText(lease.id), lease.ttlMs, lease.remainingMs, lease.keys.length]),
      );
    }),
  );
};
