import { connect, type MemberStatus, type Status, type TanistClient } from '../../../client/index.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { eventually } from '../../../local/eventually.ts';
import type { Member } from '../../target.ts';
import type { Cluster } from '../cluster.ts';

const lookMs = 500;
const readMs = 2000;
const patienceMs = 60_000;

/** What a cluster of Tanist says of itself. */
export function tanistCluster(members: readonly Member[], running: (id: string) => boolean): Cluster {
  let client: Promise<TanistClient> | null = null;
  let term = 0;
  const connected = (): Promise<TanistClient> => {
    client ??= connect({ endpoints: members.map((member) => member.client) });
    client.catch(() => {
      client = null;
    });
    return client;
  };
  const statusOf = async (member: Member): Promise<Status | null> => {
    if (!running(member.id)) return null;
    const one = await connected();
    return await one.status({ endpoint: member.client, deadlineMs: lookMs }).catch(() => null);
  };
  const statuses = async (): Promise<readonly Status[]> => {
    const all = await Promise.all(members.map(statusOf));
    const known = all.filter((status) => status !== null);
    for (const status of known) term = Math.max(term, status.term);
    return known;
  };
  /** As a leader says that can commit. */
  const led = async (): Promise<Status | null> => {
    const leading = (await statuses())
      .filter((status) => status.leader === status.id)
      .toSorted((a, b) => b.term - a.term)[0];
    if (leading === undefined) return null;
    // A leader that was cut off believes in itself for a while; a linearizable read takes a quorum.
    await (await connected()).get('\0', { countOnly: true, deadlineMs: readMs });
    return leading;
  };
  return {
    leader: async () => (await eventually(led, 'no leader with a quorum', { patienceMs })).id,
    heirs: async () => {
      const { succession, leader } = await eventually(led, 'no leader with a quorum', { patienceMs });
      return succession.filter((id) => id !== leader);
    },
    term: async () => {
      await statuses();
      return term;
    },
    transfer: async (to) => {
      await (await connected()).transfer(to, { deadlineMs: patienceMs });
    },
    settled: async () => {
      let missing: readonly string[] = ['nobody'];
      let goal: { readonly index: number; readonly revision: number } | null = null;
      const look = async (): Promise<true | null> => {
        const all = await statuses();
        const leading = all.find((status) => status.leader === status.id && status.term === term);
        if (leading === undefined) {
          missing = ['a leader'];
          return null;
        }
        goal ??= { index: leading.commit, revision: revisionOf(leading) };
        const { index, revision } = goal;
        missing = members.flatMap(({ id }) => {
          const own = all.find((status) => status.id === id);
          const seen = leading.members.find(({ member }) => member.id === id);
          const lack = lackOf(own, seen, leading, index, revision);
          return lack === null ? [] : [`${id} ${lack}`];
        });
        return missing.length === 0 ? true : null;
      };
      try {
        await eventually(look, 'the members do not settle', { patienceMs });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TanistError('unavailable', `${reason}: ${missing.join(', ')}`, { cause });
      }
    },
    close: async () => {
      await (await client?.catch(() => null))?.close();
    },
  };
}

/** What a member still lacks; null: nothing. */
function lackOf(
  own: Status | undefined,
  seen: MemberStatus | undefined,
  leading: Status,
  index: number,
  revision: number,
): string | null {
  if (own === undefined) return 'does not answer';
  if (seen === undefined) return 'is no member';
  const { tier } = seen.member;
  if (tier === 'cold') return null;
  if (tier === 'warm')
    return revisionOf(own) >= revision ? null : `is at revision ${revisionOf(own)} of ${revision}`;
  if (own.leader !== leading.id) return `follows ${own.leader ?? 'nobody'}, not ${leading.id}`;
  if (seen.health !== 'healthy') return `is ${seen.health}`;
  return own.applied >= index ? null : `has applied ${own.applied} of ${index}`;
}

const revisionOf = (status: Status): number =>
  status.spaces.find(({ space }) => space === 'user')?.revision ?? 0;
