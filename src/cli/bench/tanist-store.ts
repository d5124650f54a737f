import type { TanistClient } from '../../client/index.ts';
import { eventually } from '../../local/eventually.ts';
import { startLocalCluster } from '../../local/local-cluster.ts';
import type { Status } from '../../protocol/status/status.ts';
import { openClient } from '../client.ts';
import type { Store } from './store.ts';

const patienceMs = 30_000;
const writeDeadlineMs = 20_000;
/** Under a steady load a member is always a few entries behind. */
const closeEnough = 100;

interface OtherReplicas {
  readonly warm?: number;
  readonly cold?: number;
}

export interface TanistStore extends Store {
  readonly client: TanistClient;
  readonly endpoints: readonly string[];
}

/** Three hot replicas, and as many others. */
export async function tanistStore(folder: string, others: OtherReplicas = {}): Promise<TanistStore> {
  const cluster = await startLocalCluster({ folder, hot: 3, ...others });
  const client = await openClient(cluster.endpoints).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const store: TanistStore = {
    name: 'tanist',
    client,
    endpoints: cluster.endpoints,
    leader: async () => (await eventually(() => ledStatus(client), 'no leader')).leader,
    put: (key, value) => client.put(key, value, { deadlineMs: writeDeadlineMs }),
    keysWithPrefix: async (prefix) => {
      const { values } = await client.get(prefix, { prefix: true, keysOnly: true, deadlineMs: patienceMs });
      return new Set(values.map(({ key }) => Buffer.from(key).toString('utf8')));
    },
    deletePrefix: async (prefix) => {
      await client.delete(prefix, { prefix: true, deadlineMs: patienceMs });
    },
    signal: (member, signal) => cluster.kill(member, signal),
    transfer: async () => {
      await client.transfer(undefined, { deadlineMs: patienceMs });
    },
    restart: async (member) => {
      await cluster.restart(member);
      await store.caughtUp();
    },
    caughtUp: async () => {
      await eventually(async () => {
        const status = await ledStatus(client);
        const behind = status?.members.find(
          ({ member, lagRevisions, health }) =>
            // A cold one is as far as its last snapshot, and is heard of again with the next one when its source dies.
            member.tier !== 'cold' && (lagRevisions > closeEnough || health !== 'healthy'),
        );
        return status !== null && behind === undefined ? status : null;
      }, 'not all members caught up');
    },
    stop: async () => {
      await client.close();
      await cluster.stop();
    },
  };
  await store.caughtUp();
  return store;
}

async function ledStatus(client: TanistClient): Promise<(Status & { readonly leader: string }) | null> {
  const status = await client.status({ deadlineMs: 2000 });
  const { leader } = status;
  const leading = status.members.some(({ member, role }) => member.id === leader && role === 'leader');
  return leader !== null && leading ? { ...status, leader } : null;
}
