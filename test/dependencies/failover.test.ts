import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { connect } from '../../src/client/connect.ts';
import { sha256Key } from '../../src/dependencies/content-key.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { asError, type TanistError } from '../../src/foundation/errors.ts';
import type { LeaseId } from '../../src/foundation/ids.ts';
import { type LocalCluster, startLocalCluster } from '../../src/local/local-cluster.ts';
import type { DependencyRegistry, SandboxFacts } from '../../src/ports/dependency-registry.ts';
import { until } from './fleet.ts';

const keyOf = (text: string) => sha256Key(createHash('sha256').update(text).digest('hex'));

async function leaderOf(cluster: LocalCluster, former = ''): Promise<string> {
  for (;;) {
    for (const { id, addresses } of cluster.nodes) {
      if (id === former) continue;
      const answer = await fetch(`http://${addresses.http}/primary`).catch(() => null);
      if (answer?.status === 200) return id;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What each agent says and asks, again and again; what fails of it is told. */
async function chatter(
  registry: DependencyRegistry,
  sandbox: SandboxFacts,
  lease: LeaseId,
  isOver: () => boolean,
  done: Map<string, number>,
) {
  const failures: string[] = [];
  const { id } = sandbox;
  let calls = 0;
  const said = new Set<string>();
  const again = async (name: string, act: (i: number) => Promise<unknown>): Promise<void> => {
    for (let i = 0; !isOver(); i++) {
      calls++;
      done.set(`${id} ${name}`, i);
      await act(i).catch((error) =>
        failures.push(`${name}: ${(error as TanistError).code} ${asError(error)}`),
      );
    }
  };
  const held = (i: number) => ({
    keys: [keyOf(`${id} ${i % 50}`)],
    sha256: keyOf(`${id} ${i % 50}`).digest,
    size: 1,
  });
  await Promise.all([
    again('heartbeat', () => registry.heartbeat(id, { lease })),
    again('register', async (i) => {
      await registry.register(id, [held(i)], { lease });
      said.add(held(i).sha256);
    }),
    again('release', (i) => registry.release(id, [keyOf(`released ${id} ${i % 50}`)], { lease })),
    again('claim', (i) => registry.claim(id, keyOf(`claimed ${id} ${i}`), { lease })),
    again('lookup', (i) => registry.lookup([keyOf(`${id} ${i % 50}`)])),
  ]);
  const found = await registry.lookup(Array.from({ length: 50 }, (_, i) => keyOf(`${id} ${i}`)));
  return {
    failures,
    calls,
    held: found.flat().filter(({ state }) => state === 'held').length,
    wanted: said.size,
  };
}

test('the leader is killed: agents hear of no error, and what they said is there', async (t) => {
  t.timeout(90_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-dependencies-'));
  const cluster = await startLocalCluster({ folder, hot: 3 });
  t.teardown(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const client = await connect({ endpoints: [...cluster.endpoints], deadlineMs: 20_000 });
  let isOver = false;
  /** Calls that have come to their end, by whose and which. */
  const done = new Map<string, number>();
  t.teardown(() => {
    isOver = true;
    return client.close({ drainMs: 0 });
  });
  const facts = (id: string): SandboxFacts => ({
    id,
    instance: id,
    address: '127.0.0.1:1',
    application: 'a',
    zone: '',
  });
  const registries = [client.dependencies, new StateRegistry(client.inSpace('planes'), systemClock)];
  const joined = await Promise.all(
    registries.map((registry, i) => registry.join(facts(`agent-${i}`), 30_000)),
  );
  const agents = Promise.all(
    registries.map((registry, i) =>
      chatter(registry, facts(`agent-${i}`), joined[i]!.lease, () => isOver, done),
    ),
  );
  const killed = await leaderOf(cluster);
  const late = Promise.all(
    Array.from({ length: 50 }, (_, i) => client.dependencies.join(facts(`late-${i}`), 30_000)),
  );
  await until(() => done.size === 10);
  cluster.kill(killed, 'SIGKILL');
  await leaderOf(cluster, killed);
  const before = new Map(done);
  await until(() => [...done].every(([name, count]) => count > before.get(name)! + 1));
  t.is((await late).length, 50);
  isOver = true;
  for (const { failures, calls, held, wanted } of await agents) {
    t.deepEqual(failures, []);
    t.true(calls > 10, String(calls));
    t.is(held, wanted);
  }
});
