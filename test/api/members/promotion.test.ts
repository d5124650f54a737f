import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type RunningMember, startMember } from '../../../src/api/start-member.ts';
import { freePorts } from '../../../src/cli/local/ports.ts';
import { connect, type TanistClient } from '../../../src/client/index.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { type ClusterConfig, parseClusterConfig } from '../../../src/node/config.ts';
import type { MemberInfo } from '../../../src/ports/membership.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { plainReplica } from './plain-replica.ts';

const ids = ['h0', 'h1', 'h2', 'w0'];

interface Cluster {
  readonly config: ClusterConfig;
  readonly folder: string;
  readonly client: TanistClient;
  readonly members: Map<string, RunningMember>;
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
}

async function cluster(t: ExecutionContext): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-members-'));
  const ports = await freePorts(ids.length * 3);
  const nodes = ids.map((id, i) => ({
    id,
    client: `127.0.0.1:${ports[3 * i]}`,
    peer: `127.0.0.1:${ports[3 * i + 1]}`,
    http: `127.0.0.1:${ports[3 * i + 2]}`,
    tier: id.startsWith('h') ? 'hot' : 'warm',
  }));
  const config = parseClusterConfig(JSON.stringify({ cluster: 'c', nodes }));
  const members = new Map<string, RunningMember>();
  const start = async (id: string) => {
    const member = await startMember(
      {
        config,
        id,
        dataFolder: join(folder, id),
        nodeLog: process.env.LOUD
          ? {
              info: (e, f) => console.error(id, e, JSON.stringify(f)),
              warn: (e, f) => console.error(id, 'W', e, JSON.stringify(f)),
              error: (e, f) => console.error(id, 'E', e, JSON.stringify(f)),
            }
          : silentLog,
      },
      plainReplica,
    );
    members.set(id, member);
  };
  const stop = async (id: string) => {
    await members.get(id)?.stop();
    members.delete(id);
  };
  await Promise.all(ids.map(start));
  const client = await connect({ endpoints: nodes.map((node) => node.client), deadlineMs: 20_000 });
  t.teardown(async () => {
    await client.close();
    await Promise.all([...members.keys()].map(stop));
    await rm(folder, { recursive: true, force: true });
  });
  return { config, folder, client, members, start, stop };
}

/** Asks until it is so; the test's own time limit is the bound. */
async function until(
  client: TanistClient,
  right: (members: ReadonlyMap<string, MemberInfo>) => boolean | Promise<boolean>,
): Promise<void> {
  for (;;) {
    const { members } = await client.memberList().catch(() => ({ members: [] }));
    if (await right(new Map(members.map((member) => [String(member.id), member])))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a replica becomes hot, takes a lost one’s place, and a demoted one leaves; on the same ports, with the data', async (t) => {
  t.timeout(90_000);
  const { client, folder, stop, start } = await cluster(t);
  for (let i = 0; i < 200; i++) await client.put(`k${i}`, `v${i}`.repeat(50));
  const change = (id: string, to: 'hot' | 'warm') =>
    client.changeMember({ kind: 'tier', id: nodeId(id), to });

  await t.throwsAsync(change('q', 'hot'), { code: 'unknown-member' } as never);
  await t.throwsAsync(change('h0', 'hot'), { code: 'already-in-tier' } as never);
  await change('w0', 'hot');
  await until(client, (members) => members.get('w0')?.voter === true);
  await client.put('after', 'the promotion');
  await until(client, async (members) => {
    const { spaces } = await client.status({ endpoint: members.get('w0')?.client ?? '' });
    return spaces.find(({ space }) => space === 'user')?.keys === 201;
  });

  // It keeps its role over a restart.
  await stop('w0');
  await start('w0');
  await until(client, async (members) => {
    const own = await client.status({ endpoint: members.get('w0')?.client ?? '' }).catch(() => null);
    return own !== null && own.applied > 0 && own.leader !== null;
  });

  await change('h1', 'warm');
  await until(client, (members) => members.get('h1')?.voter === false);
  await until(client, async () => !(await readdir(join(folder, 'h1'))).includes('log'));
  t.true((await readdir(join(folder, 'h1'))).includes('role.json'));
  t.is((await client.get('k7')).values.length, 1);

  // And back again, on a store that is new.
  await change('h1', 'hot');
  await until(client, (members) => members.get('h1')?.voter === true);
});
