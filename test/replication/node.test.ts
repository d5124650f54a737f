import test from 'ava';
import { nodeId, noSession } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { parseLeaderRevisions, revisionRow } from '../../src/node/leading/leader-revisions.ts';
import { encodePeerView, parsePeerView } from '../../src/node/peers/peer-view.ts';
import { decodeReport, encodeReport } from '../../src/node/peers/self-report.ts';
import type { Command } from '../../src/ports/command.ts';
import { type Disk, withWrite } from '../../src/ports/database.ts';
import type { MemberFacts } from '../../src/ports/membership.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import type { Revisions } from '../../src/ports/replication.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { forcedReport } from '../../src/replication/forced/report.ts';
import { DeltaSource } from '../../src/replication/source/delta-source.ts';
import { TimedDisk } from '../../src/replication/timed-disk.ts';
import { beyondWarm } from '../../src/replication/warm/beyond-warm.ts';
import type { WarmReplicaOptions } from '../../src/replication/warm/warm-options.ts';
import { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { Bench, leaderImage, offer } from '../node/bench.ts';
import { compact, put } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, strip, warmId, whole } from './warm-world.ts';

const warmMember = {
  id: warmId,
  clientAddress: 'h:1',
  peerAddress: 'h:2',
  httpAddress: 'h:3',
  tier: 'warm',
};
const hot = ['a', 'b', 'c'].map((id) => ({
  id: nodeId(id),
  clientAddress: '',
  peerAddress: `${id}:1`,
  httpAddress: '',
  tier: 'hot',
}));

async function started(): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c'], { members: [...hot, warmMember] });
  await bench.start();
  return bench;
}

async function apply(bench: Bench, ...commands: readonly Command[]): Promise<void> {
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  bench.node.submit({ bytes: encodeCommandBatch(batch), batch, settle, early: null });
  await bench.run(10_000, () => {
    bench.answer();
    return settled;
  });
}

async function follow(
  bench: Bench,
  disk: Disk = new MemoryDisk(),
  more: Partial<WarmReplicaOptions> = {},
): Promise<WarmReplica> {
  const source = new DeltaSource({ feed: bench.node.feed });
  const warm = await bench.until(
    WarmReplica.open({
      id: warmId,
      clock: bench.node.feed.clock,
      nodeLog: silentLog,
      disk,
      requestLimits: defaultRequestLimits,
      directory: {
        offers: async () => [{ source, leads: true, followers: 0, roundTripMs: 1 }],
        close: () => {},
      },
      ...more,
    }),
  );
  warm.start();
  return warm;
}

async function caughtUp(bench: Bench, warm: WarmReplica): Promise<void> {
  await bench.run(20_000, () => {
    bench.answer();
    return warm.status().held?.revisions.user === bench.node.state.revision('user');
  });
}

test('a warm replica follows a real node, over compactions and restarts, and the node tells of it', async (t) => {
  const bench = await started();
  await bench.lead();
  await apply(bench, policy('a/', 'critical'), put('a/1', 'one'), put('q', 'no'));
  const disk = new MemoryDisk();
  let warm = await follow(bench, disk);
  await caughtUp(bench, warm);
  t.like(strip(warm.read(whole({ space: 'user', key: 'a/' as never, rangeEnd: 'a0' as never }))), {
    count: 1,
    values: [{ key: 'a/1', value: 'one' }],
  });
  t.deepEqual(
    warm.members.map(({ id, tier }) => `${id} ${tier}`),
    ['a hot', 'b hot', 'c hot', 'w warm'],
  );
  await bench.until(warm.stop());
  for (let i = 0; i < 30; i++) await apply(bench, put('a/1', `${i}`));
  await bench.run(500, () => {
    bench.answer();
    return false;
  });
  warm = await follow(bench, disk.copy());
  await caughtUp(bench, warm);
  t.like(strip(warm.read(whole({ space: 'user', key: 'a/1' as never, rangeEnd: '' as never }))), {
    values: [{ value: '29', version: 31 }],
  });
  await bench.until(warm.stop());
  await apply(bench, put('a/2', 'two'), compact(bench.node.state.revision('user')));
  await apply(bench, compact(bench.node.state.revision('user')));
  warm = await follow(bench, disk.copy());
  await caughtUp(bench, warm);
  await bench.run(2000, () => {
    bench.answer();
    return false;
  });
  t.is(warm.status().quarantined, 0);
  t.true(warm.status().digestChecks > 0);
  t.like(bench.node.replica(warmId), { reachable: true, report: { tier: 'warm', trouble: null } });
  t.is(bench.failure, null);
  await bench.until(warm.stop());
});

test('what a follower is told of its replicas reaches the leader', async (t) => {
  const leader = await started();
  const peer = await started();
  await leader.lead();
  await peer.lead();
  await apply(peer, policy('a/', 'critical'), put('a/1', 'one'));
  const warm = await follow(peer);
  await caughtUp(peer, warm);
  await peer.run(1000, () => {
    peer.answer();
    return false;
  });
  const { facts: _, ...report } = decodeReportOf(peer);
  t.is(report.replicas.length, 1);
  t.is(leader.node.replica(warmId), null);
  leader.reports.set('a', encodeReportOf(peer));
  await leader.run(200, () => {
    leader.answer();
    return false;
  });
  t.like(leader.node.replica(warmId), { reachable: true, report: { id: warmId, tier: 'warm' } });
  leader.reports.delete('a');
  await leader.run(5000, () => {
    leader.answer();
    return false;
  });
  t.like(leader.node.replica(warmId), { reachable: false });
  await peer.until(warm.stop());
});

test('a snapshot that the node takes over ends its streams; what it feeds goes on from there', async (t) => {
  const bench = await started();
  bench.heartbeat('a', 1);
  await bench.run(100);
  const warm = await follow(bench);
  await bench.run(200);
  t.regex(warm.status().trouble ?? '', /starting/);
  const { image, state } = await leaderImage(bench, 40);
  await offer(bench, image);
  bench.heartbeat('a', 1, 40);
  await bench.run(1000);
  t.is(warm.status().held?.revisions.user, state.revision('user'));
  t.is(warm.status().trouble, null);
  const more = await leaderImage(bench, 80);
  await offer(bench, more.image);
  bench.heartbeat('a', 1, 80);
  await bench.run(2000);
  t.is(warm.status().held?.revisions.user, more.state.revision('user'));
  t.true(warm.status().sourceChanges >= 2);
  t.is(warm.status().quarantined, 0);
  await bench.until(warm.stop());
});

test('a mark of a follower says how far the leader was, and a forced promotion says so too', async (t) => {
  const leader = await started();
  await leader.lead();
  await apply(leader, policy('a/', 'critical'));
  for (let i = 0; i < 60; i++) await apply(leader, put('a/1', `${i}`));
  const said = (): Uint8Array | undefined =>
    leader.sent.flatMap((message) => (message.type === 'heartbeat' ? [message.context] : [])).at(-1);
  leader.answer();
  await leader.run(1000, () => said() !== undefined);
  const follower = await started();
  follower.heartbeat('a', 1);
  await follower.run(100);
  const { image, state } = await leaderImage(follower, 10);
  await offer(follower, image);
  follower.heartbeat('a', 1, 10, said()!);
  const warm = await follow(follower);
  await follower.run(1000);
  const ahead = leader.node.state.revision('user');
  t.true(ahead > state.revision('user'));
  t.is(warm.state.meta?.revisions.user, state.revision('user'));
  t.is(warm.state.meta?.leaderRevisions.user, ahead);
  t.is(warm.status().lagRevisions, ahead - state.revision('user'));
  // One that knows nothing of it takes nothing back.
  follower.heartbeat('a', 1, 10);
  await follower.run(1000);
  t.is(warm.state.meta?.leaderRevisions.user, ahead);
  await follower.until(warm.pause());
  await follower.run(3000);
  const content = (await beyondWarm(warmId, warm).content())!;
  const fork = { epoch: 2, from: content.held.lineage, revisions: content.held.revisions } as never;
  const report = await follower.until(forcedReport(content, fork, [], 0));
  t.is(report.leaderRevisions.user, ahead);
  t.true(report.lastWord!.heardAgoMs >= 3000, 'and how long ago that was');
  for (const { range, heldThrough, leaderThrough } of report.ranges)
    if (range.space === 'user') t.true(leaderThrough === ahead && heldThrough < ahead);
  await follower.until(warm.stop());
});

test('a replica that is reached elsewhere by now publishes it, once, and says how long writes take', async (t) => {
  const bench = await started();
  await bench.lead();
  await apply(bench, policy('a/', 'critical'), put('a/1', 'one'));
  const clientOf = () => bench.node.members().find(({ id }) => id === warmId)?.client;
  t.is(clientOf(), 'h:1');
  const { clock } = bench.node.feed;
  const slow = new MemoryDisk();
  const disk = new TimedDisk(
    {
      open: async (name) => {
        const opened = await slow.open(name);
        const { database } = opened;
        const slowly = withWrite(database, async (changes, how) => {
          await new Promise<void>((resolve) => clock.after(7, resolve));
          await database.write(changes, how);
        });
        return { ...opened, database: slowly };
      },
    } as Disk,
    clock,
  );
  const own: MemberFacts = {
    id: warmId,
    name: 'w',
    peer: 'n:2',
    client: 'n:1',
    http: 'n:3',
    tier: 'hot',
    labels: {},
  };
  const warm = await follow(bench, disk, { own, writeMs: () => disk.writeMs });
  await bench.run(20_000, () => {
    bench.answer();
    return clientOf() === 'n:1';
  });
  const facts = bench.node.members().find(({ id }) => id === warmId);
  t.like(facts, { client: 'n:1', peer: 'n:2', http: 'n:3' });
  t.is(facts?.tier, 'warm', 'what it is to be is not its own to say');
  await bench.run(20_000, () => {
    bench.answer();
    return bench.node.replica(warmId)?.report.facts === null;
  });
  const { syncMs } = bench.node.replica(warmId)!.report;
  t.true(syncMs >= 6 && syncMs < 20, `${syncMs}`);
  // From then on an operator's word counts.
  const changed = bench.node.changeMember({ kind: 'update', id: warmId, facts: { client: 'o:1' } });
  let done = false;
  void changed.then(() => {
    done = true;
  });
  await bench.run(20_000, () => {
    bench.answer();
    return done;
  });
  await bench.run(5000, () => {
    bench.answer();
    return false;
  });
  t.is(clientOf(), 'o:1');
  await bench.until(warm.stop());
});

test('revisions of a leader that are none are passed over', (t) => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  for (const text of [
    '',
    '[',
    '{}',
    '[["at"]]',
    '[["at",1,2,3,"4"]]',
    '[["at",1,2,3,-4]]',
    '[["b","i",false,1,1]]',
  ])
    t.is(parseLeaderRevisions(bytes(text)), null);
  const said = { user: 4, planes: 3, system: 2, predicted: 1 } as Revisions;
  const row = revisionRow({ revision: (space) => said[space] });
  const view = encodePeerView(new Map(), new Set(), () => ({ index: 0, term: 0 }) as never, [row]);
  t.deepEqual(parseLeaderRevisions(view), said);
  t.deepEqual(parsePeerView(view), []);
});

/** What the node says of itself, as its peers get it. */
function encodeReportOf(bench: Bench): Uint8Array {
  return encodeReport({
    loopLagMs: 0,
    syncMs: 0,
    memoryUsed: 0,
    diskFree: 1,
    applied: 0,
    revision: 1,
    facts: null,
    replicas: [bench.node.replica(warmId)!.report],
    links: [],
    integrity: null,
    model: null,
  });
}

function decodeReportOf(bench: Bench) {
  return decodeReport(encodeReportOf(bench))!;
}
