import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type RunningMember, startMember } from '../../../src/api/start/start-member.ts';
import { connect, type TanistClient } from '../../../src/client/index.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { parseClusterConfig } from '../../../src/node/config/config.ts';
import { silentLog } from '../../../src/ports/node-log.ts';

const zones = { h0: 'a', h1: 'b', h2: 'c', w0: 'b' } as const;
type Id = keyof typeof zones;
const ids = Object.keys(zones) as Id[];

interface Cluster {
  readonly client: TanistClient;
  /** Steps that were taken, by whoever led. */
  readonly changes: string[];
  start(id: Id): Promise<void>;
  stop(id: Id): Promise<void>;
}

async function cluster(t: ExecutionContext): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-tiers-'));
  const ports = await freePorts(ids.length * 3);
  const nodes = ids.map((id, i) => ({
    id,
    client: ports[3 * i],
    peer: ports[3 * i + 1],
    http: ports[3 * i + 2],
    tier: id.startsWith('h') ? 'hot' : 'warm',
    labels: { zone: zones[id] },
  }));
  const quick = { graceMs: 2000, settleMs: 500, gainForMs: 1000, atMostEveryMs: 1000 };
  const tiers = { hot: 3, warm: 1, spread: 'zone', ...quick };
  const config = parseClusterConfig(JSON.stringify({ cluster: 'c', nodes, tiers }));
  const members = new Map<Id, RunningMember>();
  const changes: string[] = [];
  const nodeLog = {
    ...silentLog,
    info: (event: string, fields?: { readonly change?: unknown }) => {
      if (event === 'tier-changed') changes.push(String(fields?.change));
    },
  };
  const start = async (id: Id): Promise<void> => {
    members.set(id, await startMember({ config, id, dataFolder: join(folder, id), nodeLog }));
  };
  const stop = async (id: Id): Promise<void> => {
    await members.get(id)?.stop();
    members.delete(id);
  };
  await Promise.all(ids.map(start));
  const client = await connect({ endpoints: config.nodes.map((node) => node.client), deadlineMs: 20_000 });
  t.teardown(async () => {
    await client.close();
    await Promise.all([...members.keys()].map(stop));
    await rm(folder, { recursive: true, force: true });
  });
  return { client, changes, start, stop };
}

/** Asks until it is so; the test's own time limit is the bound. */
async function until(right: () => Promise<boolean>): Promise<void> {
  while (!(await right().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('a zone is lost and comes back: its voter is replaced, and takes its place again, once', async (t) => {
  t.timeout(110_000);
  const { client, changes, start, stop } = await cluster(t);
  for (let i = 0; i < 50; i++) await client.put(`k${i}`, `v${i}`);
  const hot = async (): Promise<string> => {
    const { members } = await client.tiers();
    return members.flatMap(({ status, voter }) => (voter ? [status.id] : [])).join();
  };
  await until(async () => {
    const { paths, members } = await client.tiers();
    return members.length === 4 && paths.every(({ roundTripMs }) => roundTripMs !== null);
  });
  t.is(await hot(), 'h0,h1,h2');
  // Clients are told where members are, to read near by.
  t.deepEqual(
    client.members().map(({ id, labels }) => `${id} ${labels?.zone}`),
    ids.map((id) => `${id} ${zones[id]}`),
  );

  await stop('h2');
  await until(async () => (await hot()) === 'h0,h1,w0');
  t.deepEqual(changes, ['w0 → hot, in the place of h2 → warm']);
  await client.put('meanwhile', 'v');

  await start('h2');
  await until(async () => {
    const { members, steps, running } = await client.tiers();
    const h2 = members.find(({ status }) => status.id === 'h2');
    return (
      h2?.voter === true &&
      members.filter(({ voter }) => voter).length === 3 &&
      steps.length === 0 &&
      running === null
    );
  });
  t.is(changes[1], 'h2 → hot');
  t.regex(changes[2] ?? '', /^(h1|w0) → warm$/);
  t.is(changes.length, 3);
  t.is((await client.get('meanwhile')).values.length, 1);
});
