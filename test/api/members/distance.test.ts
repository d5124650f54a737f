import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startMember } from '../../../src/api/start/start-member.ts';
import { connect } from '../../../src/client/index.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { parseClusterConfig } from '../../../src/node/config/config.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { patient } from '../etcd/etcd-cluster.ts';
import { DelayingProxy } from './delaying-proxy.ts';

const ids = ['h0', 'h1', 'h2', 'w0'];
/** Far beyond what a busy machine makes of loopback. */
const farMs = 150;

/** Asks until it is so; the test's own time limit is the bound. */
async function until(right: () => Promise<boolean>): Promise<void> {
  while (!(await right().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('a voter that has become distant is exchanged for the near replica, once, and not back when it is near again', async (t) => {
  t.timeout(170_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-distance-'));
  const ports = await freePorts(ids.length * 5);
  // Others reach a member through its proxies, which is what the config says; where it listens only it knows.
  const nodes = ids.map((id, i) => ({
    id,
    client: `127.0.0.1:${ports[5 * i]}`,
    peer: `127.0.0.1:${ports[5 * i + 1]}`,
    http: `127.0.0.1:${ports[5 * i + 2]}`,
    tier: id.startsWith('h') ? 'hot' : 'warm',
  }));
  const listen = ids.map((_, i) => ({
    client: `127.0.0.1:${ports[5 * i + 3]}`,
    peer: `127.0.0.1:${ports[5 * i + 4]}`,
    http: nodes[i]!.http,
  }));
  const proxies = await Promise.all(
    ids.map(async (_, i) => [
      await DelayingProxy.start(nodes[i]!.client, listen[i]!.client),
      await DelayingProxy.start(nodes[i]!.peer, listen[i]!.peer),
    ]),
  );
  const tiers = {
    hot: 3,
    warm: 1,
    settleMs: 3000,
    gainForMs: 1500,
    gainMs: 40,
    hysteresis: 0.3,
    atMostEveryMs: 1000,
  };
  // An election would put the plan into other hands, with other distances: nobody is elected because this machine is busy.
  const config = parseClusterConfig(JSON.stringify({ cluster: 'c', nodes, tiers, timing: patient }));
  const changes: string[] = [];
  const nodeLog = {
    ...silentLog,
    info: (event: string, fields?: { readonly change?: unknown }) => {
      if (event === 'tier-changed') changes.push(String(fields?.change));
    },
  };
  const members = await Promise.all(
    ids.map((id, i) =>
      startMember({ config, id, dataFolder: join(folder, id), nodeLog, listen: listen[i]! }),
    ),
  );
  const client = await connect({ endpoints: nodes.map((node) => node.client), deadlineMs: 60_000 });
  t.teardown(async () => {
    await client.close();
    await Promise.all(members.map((member) => member.stop()));
    for (const proxy of proxies.flat()) proxy.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await client.put('k', 'v');
  const near = (ms: number | null): boolean => ms !== null && ms < farMs / 3;
  await until(async () => {
    const { paths, members: all } = await client.tiers();
    return all.length === 4 && paths.length > 0 && paths.every(({ roundTripMs }) => near(roundTripMs));
  });
  t.deepEqual(changes, []);

  // One that does not lead: the leader's own distance to the others would be what counts.
  const { members: status } = await client.status();
  const slow = ids.findIndex((id) =>
    status.some(({ member, role }) => member.id === id && role === 'follower'),
  );
  for (const proxy of proxies[slow]!) proxy.delayMs = farMs;
  const voters = async (): Promise<string> => {
    const { members: all } = await client.tiers();
    return all.flatMap(({ status: { id }, voter }) => (voter ? [String(id)] : [])).join();
  };
  const wanted = ids.filter((_, i) => i !== slow).join();
  await until(async () => (await voters()) === wanted && (await client.tiers()).running === null);
  t.deepEqual(changes, ['w0 → hot', `${ids[slow]} → warm`]);

  for (const proxy of proxies[slow]!) proxy.delayMs = 0;
  await until(async () => {
    const { paths } = await client.tiers();
    return paths.filter(({ to }) => to === ids[slow]).every(({ roundTripMs }) => near(roundTripMs));
  });
  // For longer than a gain would have to last.
  for (const untilMs = performance.now() + 2 * tiers.gainForMs; performance.now() < untilMs; ) {
    const { steps, running } = await client.tiers();
    t.deepEqual(steps, []);
    t.is(running, null);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.is(await voters(), wanted);
  t.is(changes.length, 2);
});
