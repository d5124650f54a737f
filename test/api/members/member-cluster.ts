import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { BeyondTiers } from '../../../src/api/start/beyond-tiers.ts';
import { type RunningMember, startMember } from '../../../src/api/start/start-member.ts';
import { connect, type TanistClient } from '../../../src/client/index.ts';
import { eventually as answered } from '../../../src/local/eventually.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { type ClusterConfig, parseClusterConfig } from '../../../src/node/config/config.ts';
import type { MemberInfo } from '../../../src/ports/membership.ts';
import { type NodeLog, silentLog } from '../../../src/ports/node-log.ts';

export interface Cluster {
  readonly config: ClusterConfig;
  readonly folder: string;
  readonly client: TanistClient;
  readonly members: Map<string, RunningMember>;
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
}

/** Members in this process, on ports of their own; ids that begin with h are hot, the others warm. */
export async function startCluster(
  t: ExecutionContext,
  ids: readonly string[],
  beyond?: BeyondTiers,
  tiers: object = {},
  logOf: (id: string) => NodeLog = () => silentLog,
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-members-'));
  const ports = await freePorts(ids.length * 3);
  const nodes = ids.map((id, i) => ({
    id,
    client: `127.0.0.1:${ports[3 * i]}`,
    peer: `127.0.0.1:${ports[3 * i + 1]}`,
    http: `127.0.0.1:${ports[3 * i + 2]}`,
    tier: id.startsWith('h') ? 'hot' : 'warm',
  }));
  const config = parseClusterConfig(JSON.stringify({ cluster: 'c', nodes, tiers }));
  const members = new Map<string, RunningMember>();
  const start = async (id: string) => {
    const options = { config, id, dataFolder: join(folder, id), nodeLog: logOf(id) };
    members.set(id, await startMember(options, beyond));
  };
  const stop = async (id: string) => {
    await members.get(id)?.stop();
    members.delete(id);
  };
  await Promise.all(ids.map(start));
  const client = await connect({ endpoints: nodes.map((node) => node.client), deadlineMs: 60_000 });
  t.teardown(async () => {
    await client.close();
    await Promise.all([...members.keys()].map(stop));
    await rm(folder, { recursive: true, force: true });
  });
  return { config, folder, client, members, start, stop };
}

/** Asks until it is so; the test's own time limit is the bound. */
export async function until(
  client: TanistClient,
  right: (members: ReadonlyMap<string, MemberInfo>) => boolean | Promise<boolean>,
): Promise<void> {
  await eventually(async () => {
    const { members } = await client.memberList().catch(() => ({ members: [] }));
    return right(new Map(members.map((member) => [String(member.id), member])));
  });
}

/** As long as a test may take. */
const patienceMs = 120_000;

/** The same of anything else. */
export async function eventually(right: () => Promise<boolean>): Promise<void> {
  await answered(async () => ((await right()) ? true : null), 'it did not come about', {
    patienceMs,
    everyMs: 50,
  });
}
