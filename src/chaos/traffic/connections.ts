import type { TanistClient } from '../../client/client.ts';
import { connect } from '../../client/connect.ts';
import { connectEtcd } from '../../client/etcd/connect-etcd.ts';
import { present } from '../../foundation/assert.ts';
import { revision } from '../../foundation/ids.ts';
import { type EtcdClient as CompactingClient, etcdClient } from '../../local/etcd/etcd-client.ts';
import type { EtcdHash } from '../../local/etcd/etcd-messages.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { Target } from '../target.ts';

export type Api = 'native' | 'etcd';

/** Calls that bring no deadline give up after this long: an operation of a worker lasts no longer. */
const deadlineMs = 5000;
const connectMs = 10_000;

/** A client with a connection of its own. */
export type Connection = StateClient & { close(): Promise<void> };

export interface MemberHash extends EtcdHash {
  readonly id: string;
}

/** The ways of the traffic to the cluster; all end with `close`. */
export interface Connections {
  readonly api: Api;
  /** Of caller i; callers beyond their number share. */
  caller(i: number): Connection;
  /** A further one with Tanist's own calls; null through the etcd API. */
  native(name: string): Promise<TanistClient | null>;
  /** One more with Tanist's own calls, for a while: `end` closes it, and nothing of it stays. Null through the etcd API. */
  passing(): Promise<TanistClient | null>;
  end(connection: Connection): Promise<void>;
  /** A further one, like those of the callers; the same for the same name. */
  named(name: string): Promise<Connection>;
  /**
   * Those of the stream that outages are read from. The native client finds the leader by itself; one of etcd's API stays with its endpoint, so there is one for
   * each, lest the outage of an endpoint be taken for one of the cluster.
   */
  spread(): Promise<readonly Connection[]>;
  /** Through the etcd API, to these endpoints alone, the first one first; the same for the same ones. */
  at(endpoints: readonly string[]): Promise<Connection>;
  /** Forgets what the space held before `at`. Errors: as the API has them. */
  compact(at: number): Promise<void>;
  /** What each hot member hashes its keys to, up to the revision; null: through the native API, which has digests for that. */
  hashes(at: number): Promise<readonly MemberHash[] | null>;
  close(): Promise<void>;
}

export async function openConnections(target: Target, api: Api, callers: number): Promise<Connections> {
  const hot = target.members.filter(({ tier }) => tier === 'hot').map(({ client }) => client);
  const open = new Set<Connection>();
  const byName = new Map<string, Promise<Connection>>();
  const byNameNative = new Map<string, Promise<TanistClient>>();
  const compacting: CompactingClient | null = api === 'etcd' ? etcdClient(hot) : null;
  let compactions = 0;
  const kept = <T extends Connection>(connection: T): T => {
    open.add(connection);
    return connection;
  };
  const once = <T>(all: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> => {
    const made =
      all.get(name) ??
      make().catch((error: unknown) => {
        all.delete(name);
        throw error;
      });
    all.set(name, made);
    return made;
  };
  const etcd = async (endpoints: readonly string[]): Promise<Connection> =>
    kept(await connectEtcd({ endpoints, deadlineMs, connectMs }));
  const native = async (): Promise<TanistClient> =>
    kept(await connect({ endpoints: target.endpoints, deadlineMs, connectMs }));
  const close = async (): Promise<void> => {
    if (open.size > 0) compacting?.close();
    const all = [...open];
    open.clear();
    await Promise.all(all.map((connection) => connection.close()));
  };
  const rotated = (by: number): readonly string[] =>
    hot.map((_, i) => present(hot[(i + by) % hot.length], 'a hot member'));
  const connections: Connection[] = [];
  try {
    for (let i = 0; i < callers; i++)
      connections.push(api === 'etcd' ? await etcd(rotated(i)) : await native());
  } catch (error) {
    await close();
    throw error;
  }
  return {
    api,
    caller: (i) => present(connections[i % connections.length], 'at least one caller'),
    native: async (name) => (api === 'etcd' ? null : once(byNameNative, name, native)),
    passing: async () => (api === 'etcd' ? null : native()),
    end: async (connection) => {
      open.delete(connection);
      await connection.close();
    },
    named: (name) =>
      api === 'etcd' ? once(byName, name, () => etcd(hot)) : once(byNameNative, name, native),
    spread: () =>
      Promise.all(
        api === 'etcd'
          ? hot.map((_, i) => once(byName, `spread ${i}`, () => etcd(rotated(i))))
          : [once(byNameNative, 'steady', native)],
      ),
    at: (endpoints) => once(byName, `at ${endpoints.join()}`, () => etcd(endpoints)),
    compact: async (revisionAt) => {
      if (compacting !== null) await compacting.compact(compactions++ % hot.length, revisionAt);
      else await (await once(byNameNative, 'compaction', native)).compact(revision(revisionAt));
    },
    hashes: async (at) => {
      if (compacting === null) return null;
      const voters = target.members.filter(({ tier }) => tier === 'hot');
      return await Promise.all(
        voters.map(async ({ id }, endpoint) => ({ id, ...(await compacting.hashKv(endpoint, at)) })),
      );
    },
    close,
  };
}
