import type { TanistClient } from '../../client/client.ts';
import { connect } from '../../client/connect.ts';
import { connectEtcd } from '../../client/etcd/connect-etcd.ts';
import { present } from '../../foundation/assert.ts';
import { revision } from '../../foundation/ids.ts';
import { type EtcdClient as CompactingClient, etcdClient } from '../../local/etcd/etcd-client.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { Target } from '../target.ts';

export type Api = 'native' | 'etcd';

/** Calls that bring no deadline give up after this long: an operation of a worker lasts no longer. */
const deadlineMs = 5000;
const connectMs = 10_000;

/** A client with a connection of its own. */
export type Connection = StateClient & { close(): Promise<void> };

/** The ways of the traffic to the cluster; all end with `close`. */
export interface Connections {
  readonly api: Api;
  /** Of caller i; callers beyond their number share. */
  caller(i: number): Connection;
  /** Tanist's own calls; null through the etcd API. */
  native(i: number): TanistClient | null;
  /** A further one, like those of the callers; the same for the same name. */
  named(name: string): Promise<Connection>;
  /** Through the etcd API, to these endpoints alone, the first one first; the same for the same ones. */
  at(endpoints: readonly string[]): Promise<Connection>;
  /** Forgets what the space held before `at`. Errors: as the API has them. */
  compact(at: number): Promise<void>;
  close(): Promise<void>;
}

export async function openConnections(target: Target, api: Api, callers: number): Promise<Connections> {
  const hot = target.members.filter(({ tier }) => tier === 'hot').map(({ client }) => client);
  const open: Connection[] = [];
  const byName = new Map<string, Promise<Connection>>();
  const natives: TanistClient[] = [];
  const compacting: CompactingClient | null = api === 'etcd' ? etcdClient(hot) : null;
  let compactions = 0;
  const kept = <T extends Connection>(connection: T): T => {
    open.push(connection);
    return connection;
  };
  const once = (name: string, make: () => Promise<Connection>): Promise<Connection> => {
    const made = byName.get(name) ?? make();
    byName.set(name, made);
    return made;
  };
  const etcd = async (endpoints: readonly string[]): Promise<Connection> =>
    kept(await connectEtcd({ endpoints, deadlineMs, connectMs }));
  const native = async (): Promise<TanistClient> =>
    kept(await connect({ endpoints: target.endpoints, deadlineMs, connectMs }));
  const close = async (): Promise<void> => {
    compacting?.close();
    await Promise.all(open.map((connection) => connection.close()));
  };
  const rotated = (by: number): readonly string[] =>
    hot.map((_, i) => present(hot[(i + by) % hot.length], 'a hot member'));
  const connections: Connection[] = [];
  try {
    for (let i = 0; i < callers; i++) {
      if (api === 'etcd') {
        connections.push(await etcd(rotated(i)));
      } else {
        const client = await native();
        natives.push(client);
        connections.push(client);
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    api,
    caller: (i) => present(connections[i % connections.length], 'at least one caller'),
    native: (i) => natives[i % Math.max(1, natives.length)] ?? null,
    named: (name) => once(name, () => (api === 'etcd' ? etcd(hot) : native())),
    at: (endpoints) => once(`at ${endpoints.join()}`, () => etcd(endpoints)),
    compact: async (revisionAt) => {
      const [first] = natives;
      if (first !== undefined) await first.compact(revision(revisionAt));
      else await compacting?.compact(compactions++ % hot.length, revisionAt);
    },
    close,
  };
}
