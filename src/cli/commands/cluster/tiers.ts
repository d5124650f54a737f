import type { TierMember, TiersReply } from '../../../protocol/status/tiers.ts';
import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { figure } from '../../terminal/figure.ts';
import type { Output } from '../../terminal/output.ts';
import { showPlan } from './tier-plan.ts';

export const tiersCommand: Register = (program) => {
  const tiers = program
    .command('tiers')
    .summary('which replica is hot, warm or cold, and how far apart they are')
    .description(
      'Each member with its tier, where it is, its score and how far it is from the hot ones: the mean of the measured paths to them (round trip, and\n' +
        'what a block takes at the measured rate).',
    );
  withClient(tiers).action((options: ClientOptions) =>
    withCluster(options, async ({ client, out, call }) => {
      const reply = await client.tiers(call);
      out.document(documentOf(reply));
      showMembers(out, reply);
      showPaths(out, reply);
      for (const note of reply.notes) out.say(note);
    }),
  );
  withClient(
    tiers
      .command('plan')
      .summary('what would change, and why')
      .description('A dry run: the steps that the leader would take from here on, if nothing else changed.'),
  ).action((_: unknown, command: { optsWithGlobals(): ClientOptions }) =>
    withCluster(command.optsWithGlobals(), async ({ client, out, call }) => {
      const reply = await client.tiers(call);
      out.document(documentOf(reply));
      showPlan(out, reply);
      for (const note of reply.notes) out.say(note);
    }),
  );
};

function documentOf({ members, ...rest }: TiersReply): object {
  return {
    ...rest,
    members: members.map(({ status, ...member }) => ({ ...status, ...member })),
  };
}

function showMembers(out: Output, { leader, members, paths }: TiersReply): void {
  const labels = [...new Set(members.flatMap((member) => Object.keys(member.labels)))].sort();
  const toLeader = (id: string): string => {
    const path = paths.find(
      ({ from, to }) => (from === id && to === leader) || (to === id && from === leader),
    );
    if (id === leader) return 'leads';
    return path?.roundTripMs === null || path === undefined ? '?' : figure(path.roundTripMs);
  };
  out.table(
    [
      'id',
      'tier',
      ...labels,
      'heartbeat',
      'rtt ms',
      'distance ms',
      'lag revisions',
      'lag ms',
      'score',
      'wished',
    ],
    members.map((member) => [
      member.status.id,
      member.status.tier,
      ...labels.map((label) => member.labels[label] ?? ''),
      member.status.trouble ?? member.status.heartbeat,
      toLeader(member.status.id),
      orUnknown(member.distanceMs),
      orNone(member.lagRevisions, member),
      orNone(member.lagMs, member),
      member.score,
      member.wished === member.status.tier ? '' : out.style.bold(member.wished),
    ]),
  );
}

function showPaths(out: Output, { paths }: TiersReply): void {
  const measured = paths.filter(({ roundTripMs }) => roundTripMs !== null);
  if (measured.length === 0) return;
  out.say('');
  out.table(
    ['path', 'rtt ms', 'MB/s'],
    measured.map(({ from, to, roundTripMs, bytesPerSecond }) => [
      `${from} – ${to}`,
      orUnknown(roundTripMs),
      orUnknown(bytesPerSecond === null ? null : bytesPerSecond / 1e6),
    ]),
  );
  out.say('');
}

function orUnknown(value: number | null): string {
  return value === null ? '?' : figure(value);
}

function orNone(value: number | null, { status }: TierMember): string {
  return value === null ? (status.tier === 'hot' ? '' : '?') : figure(value);
}
