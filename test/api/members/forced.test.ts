import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { otherMembers } from '../../../src/api/start/other-members.ts';
import { openChannel } from '../../../src/client/grpc/channel.ts';
import { unary } from '../../../src/client/grpc/unary.ts';
import { connect } from '../../../src/client/index.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { factsOfConfigured } from '../../../src/node/membership/plan-change.ts';
import type { ForcedReport } from '../../../src/ports/lineage.ts';
import {
  decodeForcedReport,
  encodeForcePromote,
  type MemberLineage,
} from '../../../src/protocol/operations/promotion.ts';
import { promotionService } from '../../../src/protocol/services.ts';
import type { ForkEntry } from '../../../src/replication/fork/fork-entry.ts';
import { readFork } from '../../../src/replication/fork/fork-file.ts';
import { moveOnBy } from '../../../src/state/state-machine.ts';
import { type Cluster, startCluster, until } from './member-cluster.ts';

const hot = ['h0', 'h1', 'h2'];

async function force(address: string, confirmed: boolean): Promise<ForcedReport> {
  const channel = openChannel(address);
  try {
    const request = encodeForcePromote(confirmed);
    return decodeForcedReport(
      await unary(channel, address, promotionService.forcePromote, request, { deadlineMs: 60_000 }),
    );
  } finally {
    channel.close();
  }
}

async function said({ config }: Cluster, id: string): Promise<MemberLineage | null> {
  const node = config.nodes.find((one) => one.id === id)!;
  const where = { ...node, clientAddress: node.client, peerAddress: node.peer, httpAddress: node.http };
  return otherMembers.ask(factsOfConfigured(where), 1000);
}

/** Asks until it is so; the test's time limit is the bound. */
async function eventually(right: () => Promise<boolean>): Promise<void> {
  while (!(await right())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function entriesOf(file: string): Promise<readonly ForkEntry[]> {
  const entries: ForkEntry[] = [];
  for await (const part of readFork(createReadStream(file)))
    if (part.kind === 'entries') entries.push(...part.entries);
  return entries;
}

test('no quorum left: a warm replica goes on by force, old members are fenced and save what they had beyond', async (t) => {
  t.timeout(170_000);
  const cluster = await startCluster(t, [...hot, 'w0', 'w1'], undefined, { automatic: false });
  const { client, config, folder, stop, start } = cluster;
  const w0 = config.nodes.find(({ id }) => id === 'w0')!.client;
  await client.setPolicy('a/', { acknowledge: 'quorum', tier: 'critical', predict: null });
  const { revision: before } = await client.put('a/1', 'held');
  await client.put('b/1', 'not held');
  for (const id of ['w0', 'w1'])
    await eventually(async () => ((await said(cluster, id))?.revision ?? 0) > before);

  await t.throwsAsync(force(w0, true), { code: 'quorum-alive' } as never);
  // What it misses while it is away only the hot ones have.
  await stop('w0');
  await stop('w1');
  const { revision: lost } = await client.put('a/2', 'acknowledged, and beyond the fork');
  await Promise.all(hot.map(stop));
  await start('w0');
  const inFlight = client.put('a/3', 'never answered', { deadlineMs: 60_000 }).then(
    () => 'answered',
    (error: unknown) =>
      error instanceof TanistError ? `${error.code} ${error.indeterminate}` : String(error),
  );
  const alone = await connect({ endpoints: [w0] });
  t.teardown(() => alone.close());
  const seen = (await alone.status({ endpoint: w0 })).members.filter(({ member }) => hot.includes(member.id));
  t.deepEqual(
    seen.map(({ role, health }) => `${role} ${health}`),
    hot.map(() => 'unreachable suspected'),
    'nobody is called healthy who cannot be reached',
  );
  const weighed = await force(w0, false);
  t.is(weighed.fork.promoted, nodeId('w0'));
  t.is((await said(cluster, 'w0'))?.tier, 'warm', 'weighing changes nothing');
  const report = await force(w0, true);
  t.is<number, number>(report.fork.revisions.user, before + 1);
  await eventually(async () => (await said(cluster, 'w0'))?.tier === 'hot');

  const later = await connect({ endpoints: [w0], deadlineMs: 60_000 });
  t.teardown(() => later.close());
  const { revision: first } = await later.put('a/4', 'of the new lineage');
  t.true(first >= before + moveOnBy);
  t.is((await later.get('a/1')).values.length, 1);
  t.is((await later.get('a/2')).values.length, 0);
  await t.throwsAsync(later.get('a/1', { revision: lost }), { code: 'revision-compacted' } as never);
  const watch = later.watch('a/', { prefix: true, fromRevision: before + 1 } as never);
  await t.throwsAsync(
    async () => {
      for await (const _ of watch) t.fail('a revision is seen twice');
    },
    { code: 'revision-compacted' } as never,
  );
  // A session of before has ended; what was in flight in it is not sent into the new lineage.
  t.regex(await inFlight, /^(session-expired|deadline-exceeded|indeterminate) true$/);
  t.is((await later.get('a/3')).values.length, 0);

  // An old hot member that comes back serves nothing of its lineage, saves, and follows.
  await start('h0');
  await eventually(async () => {
    const now = await said(cluster, 'h0');
    return (
      now?.tier === 'warm' && now.lineage.clusterId === report.fork.to.clusterId && now.revision >= first
    );
  });
  const entries = await entriesOf(join(folder, 'h0', `fork-${report.fork.to.epoch}.tanistfork`));
  t.deepEqual(
    entries.filter(({ why }) => why === 'beyond').map(({ key, value, revision }) => [key, value, revision]),
    [['a/2', 'acknowledged, and beyond the fork', lost]] as never,
  );
  t.deepEqual(
    entries.filter(({ why, space }) => why === 'not-held' && space === 'user').map(({ key }) => key),
    ['b/1'] as never,
  );
  // So does another replica, which had nothing beyond.
  await start('w1');
  await eventually(async () => (await said(cluster, 'w1'))?.lineage.clusterId === report.fork.to.clusterId);
  t.true((await readdir(join(folder, 'w1'))).includes(`fork-${report.fork.to.epoch}.tanistfork`));
  const saved = JSON.parse(await readFile(join(folder, 'w0', `forced-${report.fork.to.epoch}.json`), 'utf8'));
  t.like(saved, { fork: { from: { clusterId: 'c' } } });

  // And it can be made hot again.
  await later.changeMember({ kind: 'tier', id: nodeId('h0'), to: 'hot' });
  await until(later, (members) => members.get('h0')?.voter === true);
});

test('one hot node is left and has most: the report of a warm one says so, and the hot one how it goes on', async (t) => {
  t.timeout(120_000);
  const cluster = await startCluster(t, [...hot, 'w0'], undefined, { automatic: false });
  const { client, config, stop, start } = cluster;
  const addressOf = (id: string): string => config.nodes.find((node) => node.id === id)!.client;
  await client.setPolicy('a/', { acknowledge: 'quorum', tier: 'critical', predict: null });
  const { revision: held } = await client.put('a/1', 'held');
  await eventually(async () => ((await said(cluster, 'w0'))?.revision ?? 0) >= held);
  await stop('w0');
  for (let i = 0; i < 5; i++) await client.put('a/1', `beyond ${i}`);
  await eventually(async () => ((await said(cluster, 'h0'))?.revision ?? 0) >= held + 5);
  await stop('h1');
  await stop('h2');
  await eventually(async () => (await said(cluster, 'h0'))?.leader === null);
  await start('w0');
  const { asked, fork } = await force(addressOf('w0'), false);
  const survivor = asked.find(({ id }) => id === nodeId('h0'))!;
  t.is(survivor.answer, 'alive');
  t.is(survivor.revision! - fork.revisions.user, 5);
  const refused = await t.throwsAsync<TanistError>(force(addressOf('h0'), true));
  t.is(refused.code, 'already-in-tier');
  t.true(refused.message.includes(`tanist backup FILE --endpoints ${addressOf('h0')}`), refused.message);
  // As it says.
  const alone = await connect({ endpoints: [addressOf('h0')] });
  t.teardown(() => alone.close());
  let chunks = 0;
  for await (const _ of alone.backup(addressOf('h0'))) chunks++;
  t.true(chunks > 0);
});
