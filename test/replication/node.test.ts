import test from 'ava';
import { nodeId, noSession } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { decodeReport, encodeReport } from '../../src/node/self-report.ts';
import type { Command } from '../../src/ports/command.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { encodeCommandBatch } from '../../src/protocol/write-command.ts';
import { DeltaSource } from '../../src/replication/source/delta-source.ts';
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

async function follow(bench: Bench, disk = new MemoryDisk()): Promise<WarmReplica> {
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
    links: [],
    replicas: [bench.node.replica(warmId)!.report],
  });
}

function decodeReportOf(bench: Bench) {
  return decodeReport(encodeReportOf(bench))!;
}
