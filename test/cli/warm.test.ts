import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { connect, type TanistClient } from '../../src/client/index.ts';
import type { TanistError } from '../../src/foundation/errors.ts';
import { type LocalCluster, startLocalCluster } from '../../src/local/local-cluster.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const run = promisify(execFile);

let folder = '';
let cluster: LocalCluster;
let client: TanistClient;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-warm-'));
  // On a busy machine a test takes longer than the grace time, and the warm replica would be made hot in the place of the one that is killed.
  const config = { tiers: { automatic: false } };
  cluster = await startLocalCluster({ folder, hot: 3, warm: 1, config });
  client = await connect({ endpoints: cluster.endpoints });
});
test.after.always(async () => {
  await client?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Answered {
  readonly error?: string;
  readonly message?: string;
  readonly header?: { readonly revision: string };
  readonly kvs?: readonly { readonly value: string }[];
}

/** Over etcd's API of the warm replica. */
async function ask(path: string, body: object): Promise<Answered> {
  const response = await fetch(`http://${cluster.node('n3').addresses.http}/v3/kv/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answered;
}

async function held(key: string): Promise<string | null> {
  const { kvs = [] } = await ask('range', { key: base64(key), serializable: true });
  return kvs[0] === undefined ? null : Buffer.from(kvs[0].value, 'base64').toString();
}

/** Looks again until it is so. */
async function eventually(what: () => Promise<boolean>): Promise<void> {
  while (!(await what().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function page(path: string): Promise<{ readonly code: number; readonly text: string }> {
  const response = await fetch(`http://${cluster.node('n3').addresses.http}${path}`);
  return { code: response.status, text: await response.text() };
}

async function sourceOf(): Promise<string> {
  const { text } = await page('/metrics');
  return /tanist_replica_source\{source="(n\d)"\} 1/.exec(text)?.[1] ?? '';
}

test.serial(
  'a warm replica has the critical keys soon after their commit, and says what it does not have',
  async (t) => {
    await client.setPolicy('a/', { tier: 'critical' });
    await client.put('a/1', 'one');
    await client.put('q/1', 'not held');
    await eventually(async () => (await held('a/1')) === 'one');
    t.regex(
      (await ask('range', { key: base64('q/1'), serializable: true })).message ?? '',
      /does not hold all of that range/,
    );
    t.regex((await ask('range', { key: base64('a/1') })).message ?? '', /not supported for learner/);
    const predicted = client.getPredictedAt(cluster.node('n3').addresses.client, 'a/1', {
      consistency: 'predicted',
    });
    t.regex((await t.throwsAsync(predicted, { code: 'not-held' }))?.message ?? '', /ask a hot one/);
    // Writes find the leader through it.
    await ask('put', { key: base64('a/2'), value: base64('two') });
    await eventually(async () => (await held('a/2')) === 'two');
    t.is((await page('/replica')).code, 200);
    t.is((await page('/primary')).code, 503);
    t.is((await page('/health')).code, 200);
    t.is((await page('/readyz')).code, 200);
    t.like(JSON.parse((await page('/role')).text), { role: 'replica', tier: 'warm', id: 'n3' });
  },
);

test.serial('the leader knows how far it is', async (t) => {
  const warmStatus = async () => (await client.status()).members.find(({ member }) => member.id === 'n3');
  await eventually(async () => (await warmStatus())?.health === 'healthy');
  const status = await warmStatus();
  t.is(status?.member.tier, 'warm');
  t.is(status?.role, 'warm');
  await eventually(async () => (await warmStatus())?.lagRevisions === 0);
  const { members } = await client.memberList();
  t.like(
    members.find(({ id }) => id === 'n3'),
    { tier: 'warm', voter: false, learner: false },
  );
});

test.serial('a native client that knows only the warm replica finds the leader through it', async (t) => {
  const { client: address } = cluster.node('n3').addresses;
  const through = await connect({ endpoints: [address] });
  await through.put('a/3', 'three');
  t.is(Buffer.from((await through.get('a/3')).values[0]?.value ?? []).toString(), 'three');
  await through.close();
});

test.serial(
  'its source is killed: it follows another; it is killed itself: it goes on from where it was',
  async (t) => {
    const source = await sourceOf();
    t.regex(source, /^n\d$/);
    cluster.kill(source, 'SIGKILL');
    await client.put('a/4', 'four');
    await eventually(async () => (await held('a/4')) === 'four');
    t.not(await sourceOf(), source);
    cluster.kill('n3', 'SIGKILL');
    await cluster.node('n3').exited;
    await client.put('a/5', 'five');
    await cluster.restart('n3');
    await eventually(async () => (await held('a/5')) === 'five');
    t.is(await held('a/1'), 'one');
    const { text } = await page('/metrics');
    t.regex(text, /tanist_replica_quarantined_total 0/);
    await cluster.restart(source);
  },
);

test.serial('all hot ones are gone: what is held is read on, and what is not is refused', async (t) => {
  for (const { id, tier } of cluster.nodes) if (tier === 'hot') cluster.kill(id, 'SIGKILL');
  for (const { tier, exited } of cluster.nodes) if (tier === 'hot') await exited;
  t.is(await held('a/5'), 'five');
  t.is((await page('/replica')).code, 200);
  await eventually(
    async () => (JSON.parse((await page('/role')).text) as { leader: unknown }).leader === null,
  );
  const alone = await connect({ endpoints: [cluster.node('n3').addresses.client] });
  const { values, ageMs } = await alone.get('a/5', { consistency: 'serializable' });
  t.is(Buffer.from(values[0]?.value ?? []).toString(), 'five');
  t.true(ageMs > 0);
  const refused = await alone.get('q/1', { consistency: 'serializable' }).catch((error: unknown) => error);
  t.is((refused as TanistError).code, 'not-held');
  const seen = await alone.status({ endpoint: cluster.node('n3').addresses.client });
  t.like(
    seen.members.find(({ member }) => member.id === 'n3'),
    { role: 'warm' },
  );
  await alone.close();
  let told = '';
  await eventually(async () => {
    const endpoint = cluster.node('n3').addresses.client;
    const args = ['get', 'a/5', '--consistency', 'serializable', '--endpoints', endpoint];
    const { stdout, stderr } = await run(process.execPath, [main, ...args]);
    t.regex(stdout, /five/);
    told = stderr;
    return told !== '';
  });
  t.regex(told, /^as it was [\d.]+ s ago, at revision [\d,]+\n$/);
});
