import { TanistError } from '../../../foundation/errors.ts';
import { etcdClient } from '../../../local/etcd/etcd-client.ts';
import type { EtcdStatus } from '../../../local/etcd/etcd-messages.ts';
import { eventually } from '../../../local/eventually.ts';
import type { Moment } from '../../moment.ts';
import type { Member } from '../../target.ts';
import type { Cluster } from '../cluster.ts';

interface Seen {
  readonly id: string;
  readonly endpoint: number;
  readonly status: EtcdStatus;
}

const patienceMs = 60_000;
const anyKey = Buffer.from('\0');

export interface EtcdCluster extends Cluster {
  answers(id: string): Promise<boolean>;
}

/** What a cluster of etcd says of itself. A leader that it has not had before is told as a moment. */
export function etcdCluster(
  members: readonly Member[],
  running: (id: string) => boolean,
  onLeader: (moment: Pick<Extract<Moment, { readonly kind: 'leader' }>, 'member' | 'term'>) => void,
): EtcdCluster {
  const client = etcdClient(members.map((member) => member.client));
  let term = 0;
  let told = 0;
  const seen = async (): Promise<readonly Seen[]> => {
    const all = await Promise.all(
      members.map(async ({ id }, endpoint) => {
        if (!running(id)) return null;
        const status = await client.status(endpoint).catch(() => null);
        return status === null ? null : { id, endpoint, status };
      }),
    );
    const known = all.filter((one) => one !== null);
    for (const { status } of known) term = Math.max(term, Number(status.raftTerm));
    const leading = leadingOf(known);
    if (leading !== undefined && Number(leading.status.raftTerm) > told) {
      told = Number(leading.status.raftTerm);
      onLeader({ member: leading.id, term: told });
    }
    return known;
  };
  const led = async (): Promise<readonly Seen[] | null> => {
    const all = await seen();
    const leading = leadingOf(all);
    if (leading === undefined) return null;
    // Linearizable: one that was cut off can't answer it.
    await client.get(leading.endpoint, anyKey);
    return [leading, ...all.filter((one) => one !== leading)];
  };
  const ledNow = (): Promise<readonly Seen[]> => eventually(led, 'no leader with a quorum', { patienceMs });
  return {
    leader: async () => (await ledNow())[0]?.id ?? '',
    heirs: async () => (await ledNow()).slice(1).map(({ id }) => id),
    term: async () => {
      await seen();
      return term;
    },
    transfer: async (to) => {
      const [leading, ...others] = await ledNow();
      const heir = to === undefined ? others[0] : others.find(({ id }) => id === to);
      if (leading === undefined || heir === undefined)
        throw new TanistError('transfer-failed', `${to ?? 'nobody'} is no follower that could lead`);
      await client.moveLeader(leading.endpoint, heir.status.memberId);
    },
    settled: async () => {
      let goal: bigint | null = null;
      let missing: readonly string[] = ['nobody'];
      const look = async (): Promise<true | null> => {
        const all = await seen();
        const leading = leadingOf(all);
        if (leading === undefined) {
          missing = ['a leader'];
          return null;
        }
        goal ??= leading.status.raftIndex;
        const index = goal;
        missing = members.flatMap(({ id }) => {
          const lack = lackOf(all.find((one) => one.id === id)?.status, leading.status, index);
          return lack === null ? [] : [`${id} ${lack}`];
        });
        return missing.length === 0 ? true : null;
      };
      await eventually(look, 'the members do not settle', { patienceMs }).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TanistError('unavailable', `${reason}: ${missing.join(', ')}`, { cause });
      });
    },
    answers: async (id) => {
      const endpoint = members.findIndex((member) => member.id === id);
      return await client.status(endpoint).then(
        () => true,
        () => false,
      );
    },
    close: async () => client.close(),
  };
}

function leadingOf(all: readonly Seen[]): Seen | undefined {
  return all
    .filter(({ status }) => status.leaderId !== 0n && status.leaderId === status.memberId)
    .toSorted((a, b) => Number(b.status.raftTerm - a.status.raftTerm))[0];
}

function lackOf(own: EtcdStatus | undefined, leading: EtcdStatus, index: bigint): string | null {
  if (own === undefined) return 'does not answer';
  if (own.leaderId !== leading.memberId) return 'follows another or nobody';
  return own.appliedIndex >= index ? null : `has applied ${own.appliedIndex} of ${index}`;
}
