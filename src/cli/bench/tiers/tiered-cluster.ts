import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { TanistClient } from '../../../client/index.ts';
import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { median } from '../../../foundation/statistics.ts';
import type { Cleanup } from '../../../local/cleanup.ts';
import { eventually } from '../../../local/eventually.ts';
import {
  type LocalCluster,
  type LocalClusterOptions,
  startLocalCluster,
} from '../../../local/local-cluster.ts';
import { residentBytes } from '../../../local/process-memory.ts';
import type { MemberStatus } from '../../../protocol/status/status.ts';
import { openClient } from '../../client.ts';
import { type Puts, writeAll } from '../memory/batches.ts';
import { criticalPrefix } from './tier-keys.ts';

const deadlineMs = 30_000;
const batchesInFlight = 8;
const memorySamples = 5;
const ticksPerSecond = 100;

/** A cluster of processes with replicas beyond the quorum, and a client. */
export interface TieredCluster {
  readonly cluster: LocalCluster;
  readonly client: TanistClient;
  leader(): Promise<string>;
  /** The hot ones but the leader. */
  followers(): Promise<readonly string[]>;
  status(id: string): Promise<MemberStatus>;
  /** Healthy, and within `revisions` of the leader, but for a cold one, which is as far as its last snapshot. */
  untilLevel(id: string, revisions?: number): Promise<void>;
  /** One of a node's metrics; labels as they are written, in braces. */
  metric(id: string, name: string): Promise<number>;
  /** Whom a replica beyond the quorum follows; empty: nobody. */
  sourceOf(id: string): Promise<string>;
  /** So many batches at a time. */
  writeAll(batches: Iterator<Puts>, written: (puts: number) => void, inFlight?: number): Promise<void>;
}

/** The policy for critical keys is set, and all replicas are level with the leader. */
export async function startTiered(options: LocalClusterOptions, stack: Cleanup): Promise<TieredCluster> {
  const cluster = await startLocalCluster(options);
  stack.defer(() => cluster.stop());
  const client = await openClient(cluster.endpoints, { deadlineMs });
  stack.defer(() => client.close());
  const page = async (id: string): Promise<string> =>
    (await fetch(`http://${cluster.node(id).addresses.http}/metrics`)).text();
  const status = async (id: string): Promise<MemberStatus> => {
    const { members } = await client.status({ deadlineMs: 5000 });
    const found = members.find(({ member }) => member.id === id);
    return present(found, `${id} is a member`);
  };
  const leader = (): Promise<string> =>
    eventually(async () => (await client.status({ deadlineMs: 2000 })).leader, 'no leader');
  const tiered: TieredCluster = {
    cluster,
    client,
    leader,
    followers: async () => {
      const leads = await leader();
      return cluster.nodes.filter(({ id, tier }) => tier === 'hot' && id !== leads).map(({ id }) => id);
    },
    status,
    untilLevel: async (id, revisions = 0) => {
      await eventually(
        async () => {
          const { member, health, lagRevisions } = await status(id);
          const isLevel = lagRevisions <= revisions || member.tier === 'cold';
          return health === 'healthy' && isLevel ? true : null;
        },
        `${id} was not level with the leader`,
        { patienceMs: 120_000 },
      );
    },
    metric: async (id, name) => {
      const line = (await page(id)).split('\n').find((each) => each.startsWith(`${name} `));
      if (line === undefined) throw new TanistError('unavailable', `${id} has no metric ${name}`);
      return Number(line.slice(name.length + 1));
    },
    sourceOf: async (id) => /tanist_replica_source\{source="([^"]+)"\} 1/.exec(await page(id))?.[1] ?? '',
    writeAll: (batches, written, inFlight = batchesInFlight) =>
      writeAll(batches, inFlight, (puts) => writePuts(client, puts), written),
  };
  await client.setPolicy(criticalPrefix, { tier: 'critical' });
  await Promise.all(cluster.nodes.map(({ id }) => tiered.untilLevel(id)));
  return tiered;
}

async function writePuts(client: TanistClient, puts: Puts): Promise<void> {
  const [only] = puts;
  if (puts.length === 1 && only !== undefined) await client.put(only[0], only[1], { deadlineMs });
  // biome-ignore lint/suspicious/noThenProperty: the transaction's own word
  else await client.txn({ if: [], then: puts.map(([put, value]) => ({ put, value })) }, { deadlineMs });
}

/** Resident memory once it has settled, the median of a few looks; NaN where the system does not say. */
export async function settledMemory(pids: readonly number[], settleMs: number): Promise<readonly number[]> {
  await delay(settleMs);
  const looks: (readonly (number | null)[])[] = [];
  for (let i = 0; i < memorySamples; i++) {
    looks.push(await Promise.all(pids.map(residentBytes)));
    await delay(settleMs / 20);
  }
  return pids.map((_, i) => median(looks.map((look) => look[i] ?? Number.NaN)));
}

/** CPU time of a process so far, user and system, in seconds; NaN where the system does not say. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
