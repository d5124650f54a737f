import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { restoreFile } from '../../../src/cli/backup/restore-file.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { type EtcdTestCluster, etcdctl, patient, startEtcdCluster, tool } from './etcd-cluster.ts';

let cluster: EtcdTestCluster;
let small: EtcdTestCluster;
test.before(async () => {
  cluster = await startEtcdCluster(3, patient);
  small = await startEtcdCluster(1, {}, { limits: { quotaBytes: 20_000 } });
});
test.after.always(async () => {
  await cluster?.stop();
  await small?.stop();
});

interface Listed {
  readonly ID: bigint;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** `member list -w json`, with its 64 bit ids whole. */
async function members(): Promise<readonly Listed[]> {
  const { stdout } = await etcdctl(cluster.endpoints, ['member', 'list', '-w', 'json']);
  const quoted = stdout.replace(/"ID":(\d+)/g, '"ID":"$1"');
  const { members: list } = JSON.parse(quoted) as { members: (Omit<Listed, 'ID'> & { ID: string })[] };
  return list.map((member) => ({ ...member, ID: BigInt(member.ID) }));
}
/** Any member answers, as etcd 3.4 does, and it may be a moment behind; what never comes ends the test by its timeout. */
async function membersWhere(holds: (all: readonly Listed[]) => boolean): Promise<readonly Listed[]> {
  for (;;) {
    const all = await members();
    if (holds(all)) return all;
  }
}
const isLearner = (member: Listed): boolean => member.isLearner === true;
const hex = (id: bigint): string => id.toString(16);

test.serial('member list, add as learner, promote, update, remove', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  const { endpoints } = cluster;
  const before = await members();
  t.deepEqual(before.map(({ name }) => name).sort(), ['n0', 'n1', 'n2']);
  t.deepEqual(before.flatMap(({ clientURLs }) => clientURLs ?? []).sort(), [
    ...endpoints.map((address) => `http://${address}`).sort(),
  ]);
  const [port] = await freePorts(1);
  const peer = `http://127.0.0.1:${port}`;
  const added = await etcdctl(endpoints, ['member', 'add', 'new', '--learner', `--peer-urls=${peer}`]);
  t.is(added.code, 0, added.stderr);
  const learner = (await membersWhere((all) => all.length > 3)).find(({ peerURLs }) => peerURLs[0] === peer);
  t.like(learner, { isLearner: true });
  t.is(learner?.name ?? '', '');
  const again = await etcdctl(endpoints, ['member', 'add', 'new', '--learner', '--peer-urls=http://h:1']);
  t.regex(again.stderr, /etcdserver: too many learner members in cluster/);
  const taken = await etcdctl(endpoints, ['member', 'add', 'new', `--peer-urls=${peer}`]);
  t.regex(taken.stderr, /etcdserver: Peer URLs already exists/);
  const bad = await etcdctl(endpoints, ['member', 'add', 'new', '--peer-urls=ftp://h:1']);
  t.not(bad.code, 0);
  const promoted = await etcdctl(endpoints, ['member', 'promote', hex(learner!.ID)]);
  t.regex(promoted.stderr, /etcdserver: can only promote a learner member which is in sync with leader/);
  const voter = await etcdctl(endpoints, ['member', 'promote', hex(before[0]!.ID)]);
  t.regex(voter.stderr, /etcdserver: can only promote a learner member/);
  const updated = await etcdctl(endpoints, [
    ...['member', 'update', hex(learner!.ID), '--peer-urls=http://127.0.0.1:9'],
  ]);
  t.is(updated.code, 0, updated.stderr);
  await membersWhere((all) =>
    all.some(({ ID, peerURLs }) => ID === learner!.ID && peerURLs.join() === 'http://127.0.0.1:9'),
  );
  const removed = await etcdctl(endpoints, ['member', 'remove', hex(learner!.ID)]);
  t.is(removed.code, 0, removed.stderr);
  t.deepEqual(await membersWhere((all) => all.length === 3), before);
  const gone = await etcdctl(endpoints, ['member', 'remove', hex(learner!.ID)]);
  t.regex(gone.stderr, /etcdserver: member not found/);
});

test.serial('every node answers for the whole cluster', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  const [port] = await freePorts(1);
  for (const endpoint of cluster.endpoints) {
    const added = await etcdctl(
      [endpoint],
      [...['member', 'add', 'x', '--learner', `--peer-urls=http://127.0.0.1:${port}`]],
    );
    t.is(added.code, 0, added.stderr);
    const learner = (await membersWhere((all) => all.some(isLearner))).find(isLearner);
    const removed = await etcdctl([endpoint], ['member', 'remove', hex(learner!.ID)]);
    t.is(removed.code, 0, removed.stderr);
    await membersWhere((all) => !all.some(isLearner));
  }
});

test.serial('endpoint status, health, hashkv; defrag; move-leader', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  const { endpoints } = cluster;
  for (let i = 0; i < 20; i++) await etcdctl(endpoints, ['put', `k${i % 5}`, `${i}`]);
  const health = await etcdctl(endpoints, ['endpoint', 'health']);
  t.is(health.code, 0, health.stderr);
  const status = await etcdctl(endpoints, ['endpoint', 'status', '-w', 'json']);
  t.is(status.code, 0, status.stderr);
  const states = JSON.parse(status.stdout) as {
    Status: { version: string; leader: number; dbSize: number };
  }[];
  t.is(states.length, 3);
  t.is(new Set(states.map(({ Status }) => Status.leader)).size, 1);
  for (const { Status } of states) {
    t.regex(Status.version, /^3\.5\.\d+$/);
    t.true(Status.dbSize > 0);
  }
  const revision = (
    JSON.parse((await etcdctl(endpoints, ['get', 'k0', '-w', 'json'])).stdout) as {
      header: { revision: number };
    }
  ).header.revision;
  const hashed = await etcdctl(endpoints, ['endpoint', 'hashkv', `--rev=${revision}`, '-w', 'json']);
  t.is(hashed.code, 0, hashed.stderr);
  const hashes = JSON.parse(hashed.stdout) as { HashKV: { hash: number } }[];
  t.is(new Set(hashes.map(({ HashKV }) => HashKV.hash)).size, 1);
  const future = await etcdctl(endpoints, ['endpoint', 'hashkv', '--rev=99999999']);
  t.regex(future.stderr, /etcdserver: mvcc: required revision is a future revision/);
  t.is((await etcdctl(endpoints, ['defrag'])).code, 0);
  const leader = await cluster.leader();
  const heir = (await members()).find(({ name }) => name === `n${(leader + 1) % 3}`)!;
  const moved = await etcdctl(endpoints, ['move-leader', hex(heir.ID)]);
  t.is(moved.code, 0, moved.stderr);
  const nobody = await etcdctl(endpoints, ['move-leader', 'abc']);
  t.regex(nobody.stderr, /etcdserver: bad leader transferee/);
});

test.serial('beyond the quota puts are refused until space was made and the alarm disarmed', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  const { endpoints } = small;
  const value = 'x'.repeat(5000);
  let last = await etcdctl(endpoints, ['put', 'k0', value]);
  for (let i = 1; i < 12 && last.code === 0; i++) last = await etcdctl(endpoints, ['put', `k${i}`, value]);
  t.regex(last.stderr, /etcdserver: mvcc: database space exceeded/);
  t.regex((await etcdctl(endpoints, ['alarm', 'list'])).stdout, /memberID:\d+ alarm:NOSPACE/);
  const health = await etcdctl(endpoints, ['endpoint', 'status', '-w', 'json']);
  t.regex(health.stdout, /alarm:NOSPACE/);
  t.is((await etcdctl(endpoints, ['del', 'k', '--prefix'])).code, 0);
  t.not((await etcdctl(endpoints, ['put', 'k', 'v'])).code, 0);
  const disarmed = await etcdctl(endpoints, ['alarm', 'disarm']);
  t.regex(disarmed.stdout, /alarm:NOSPACE/);
  t.is((await etcdctl(endpoints, ['put', 'k', 'v'])).code, 0);
  t.is((await etcdctl(endpoints, ['alarm', 'list'])).stdout.trim(), '');
});

test.serial('snapshot save gives a file with its checksum that tanist restore takes', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return;
  const folder = await mkdtemp(join(tmpdir(), 'tanist-snapshot-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'snapshot.db');
  const saved = await etcdctl(cluster.endpoints.slice(0, 1), ['snapshot', 'save', file]);
  t.is(saved.code, 0, saved.stderr);
  t.is((await stat(file)).size % 512, 32);
  const config = join(folder, 'c.yaml');
  await writeFile(
    config,
    JSON.stringify({ cluster: 'c', nodes: [{ id: 'x', client: 1, peer: 2, http: 3 }] }),
  );
  const quiet = { shown: false, update: () => {}, clear: () => {} };
  const restored = await restoreFile(file, { data: join(folder, 'x'), config, id: 'x' }, quiet);
  t.is(restored.head.clusterId, 'etcd-test');
  t.true(restored.applied.revisions.user.revision > 1e9);
  t.true((await readFile(file)).length > 1000);
});
