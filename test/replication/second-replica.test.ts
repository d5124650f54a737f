import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { ReplicaBook } from '../../src/node/beyond/replica-book.ts';
import { ReplicaStarts } from '../../src/node/beyond/replica-starts.ts';
import type { NodeLog } from '../../src/ports/node-log.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import type { ReplicaReport } from '../../src/ports/replication.ts';
import { defaultColdOptions } from '../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../src/replication/cold/cold-replica.ts';
import { openColdStore } from '../../src/replication/cold/open-cold-store.ts';
import { DeltaSource } from '../../src/replication/source/delta-source.ts';
import { latestParts } from '../../src/replication/source/latest-parts.ts';
import { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { Bench } from '../node/bench.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { replicaReport } from './replica-report.ts';

const id = nodeId('w');
const report = (start: string, said: number, tier: 'warm' | 'cold' = 'warm'): ReplicaReport =>
  replicaReport({
    id,
    start,
    said,
    tier,
    facts: { id, name: start, peer: '', client: `${start}:1`, http: '', tier: 'warm', labels: {} },
  });

function members(tier: 'warm' | 'cold') {
  const hot = ['a', 'b', 'c'].map((name) => ({
    id: nodeId(name),
    clientAddress: '',
    peerAddress: `${name}:1`,
    httpAddress: '',
    tier: 'hot',
  }));
  return [...hot, { id, clientAddress: 'w:1', peerAddress: 'w:2', httpAddress: 'w:3', tier }];
}

async function leading(tier: 'warm' | 'cold'): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c'], { members: members(tier) });
  await bench.start();
  await bench.lead();
  await passing(bench, 200);
  return bench;
}

function passing(bench: Bench, ms: number, done: () => boolean = () => false): Promise<void> {
  return bench.run(ms, () => {
    bench.answer();
    return done();
  });
}

/** What it says of refusals. */
function complaints(): { readonly log: NodeLog; readonly lines: string[] } {
  const lines: string[] = [];
  const warn: NodeLog['warn'] = (event, fields) => {
    if (event === 'peer-refused') lines.push(String(fields?.reason));
  };
  return { log: { ...silentLog, warn }, lines };
}

async function warm(bench: Bench, start: string, log: NodeLog): Promise<WarmReplica> {
  const source = new DeltaSource({ feed: bench.node.feed });
  const replica = await bench.until(
    WarmReplica.open({
      id,
      start,
      clock: bench.node.feed.clock,
      nodeLog: log,
      disk: new MemoryDisk(),
      requestLimits: defaultRequestLimits,
      directory: {
        offers: async () => [{ source, leads: true, followers: 0, roundTripMs: 1 }],
        close: () => {},
      },
    }),
  );
  replica.start();
  return replica;
}

async function cold(bench: Bench, start: string, log: NodeLog): Promise<ColdReplica> {
  const source = new DeltaSource({ feed: bench.node.feed, latest: latestParts });
  const { clock } = bench.node.feed;
  const store = await bench.until(
    openColdStore(new MemoryDisk(), { retention: { keep: 3, keepForMs: 0 }, wallMs: () => clock.wallMs() }),
  );
  const replica = new ColdReplica(
    { ...defaultColdOptions, id, start, everyMs: 2000 },
    {
      clock,
      nodeLog: log,
      store,
      directory: { offers: async () => [{ source, leads: true, followers: 0, roundTripMs: 1 }] },
      vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
      membersChanged: () => {},
      tidied: () => {},
      broken: () => {},
    },
  );
  replica.start();
  return replica;
}

const toldWhatToDo =
  /^another process is alive as w, .*: every node needs an id of its own; stop one of the two$/;

test('a second warm process of one id is refused in one line; the first is fed on, and the second once that one is gone', async (t) => {
  const bench = await leading('warm');
  const [ofFirst, ofSecond] = [complaints(), complaints()];
  const first = await warm(bench, 'one', ofFirst.log);
  await passing(bench, 1000);
  const second = await warm(bench, 'two', ofSecond.log);
  await passing(bench, 10_000);
  t.deepEqual(ofFirst.lines, []);
  t.is(ofSecond.lines.length, 1);
  t.regex(ofSecond.lines[0]!, toldWhatToDo);
  t.is(first.status().source, bench.node.feed.id);
  t.is(first.status().trouble, null);
  t.is(second.status().source, null);
  t.regex(second.status().trouble ?? '', /another process is alive as w/);
  t.true(bench.node.replica(id)?.reachable);
  t.is(bench.node.replica(id)?.report.start, 'one');
  await bench.until(first.stop());
  await passing(bench, 5000);
  t.is(second.status().source, bench.node.feed.id);
  t.is(second.status().trouble, null);
  await bench.until(second.stop());
  t.is(bench.failure, null);
});

test('a second cold process of one id is refused as well', async (t) => {
  const bench = await leading('cold');
  const [ofFirst, ofSecond] = [complaints(), complaints()];
  const first = await cold(bench, 'one', ofFirst.log);
  await passing(bench, 1000);
  const second = await cold(bench, 'two', ofSecond.log);
  await passing(bench, 12_000);
  t.deepEqual(ofFirst.lines, []);
  t.is(ofSecond.lines.length, 1);
  t.regex(ofSecond.lines[0]!, toldWhatToDo);
  t.is(first.trouble, null);
  t.regex(second.trouble ?? '', /another process is alive as w/);
  await bench.until(first.stop());
  await bench.until(second.stop());
});

test('a process that takes the place of one before it is fed at once, whatever is still repeated of that one', (t) => {
  const starts = new ReplicaStarts();
  starts.heard(report('one', 7), 0);
  for (let ms = 0; ms < 20_000; ms += 100) {
    // A node that fed the earlier one repeats its last word for a while, and one word may come late.
    if (ms < 3000) starts.heard(report('one', 7), ms);
    if (ms === 2500) starts.heard(report('one', 8), ms);
    starts.heard(report('two', ms + 1), ms + 50);
    t.false(starts.isRefused(id, 'two', ms + 50));
  }
  t.true(starts.isOne(id, 20_000));
});

test('where both go on, the later one is refused, and stays so while the first lives, though it says nothing more', (t) => {
  const starts = new ReplicaStarts();
  let found = 0;
  for (let ms = 0; ms < 20_000; ms += 250) {
    starts.heard(report('one', ms + 1), ms);
    if (ms < 3000 && starts.heard(report('two', ms + 1), ms)) found += 1;
    if (ms >= 3000) t.true(starts.isRefused(id, 'two', ms));
    t.false(starts.isRefused(id, 'one', ms));
  }
  t.deepEqual(starts.refused(20_000), [[id, 'two']]);
  t.false(starts.isRefused(id, 'two', 23_000), 'the first is gone');
  t.is(found, 0, 'the first one’s word decides');
});

test('a later one that is started again and again is refused each time', (t) => {
  const starts = new ReplicaStarts();
  let said = 0;
  for (let round = 0; round < 8; round++) {
    const later = `two, ${round}`;
    for (let ms = 0; ms < 4000; ms += 250) {
      const nowMs = round * 4000 + ms;
      said += 1;
      starts.heard(report('one', said), nowMs);
      if (!starts.isRefused(id, later, nowMs)) starts.heard(report(later, ms + 1), nowMs);
    }
    t.true(starts.isRefused(id, later, round * 4000 + 3999), later);
    t.false(starts.isRefused(id, 'one', round * 4000 + 3999));
  }
});

test('once the later one has fallen silent, the first says again where it is reached', (t) => {
  let nowMs = 0;
  const book = new ReplicaBook({ nowMs: () => nowMs } as never);
  for (; nowMs < 10_000; nowMs += 250) {
    book.reported(report('one', nowMs + 1));
    if (nowMs < 3000 && book.refusalOf(id, 'two') === null) book.reported(report('two', nowMs + 1));
  }
  t.is(book.refusalOf(id, 'two')?.code, 'duplicate-node');
  t.is(book.publishedBy(id)?.client, 'one:1');
});

test('what a leader has found, its followers are told, and end the stream of', (t) => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs } as never;
  let ended = 0;
  const leader = new ReplicaBook(clock);
  const follower = new ReplicaBook(clock, () => {
    ended += 1;
  });
  for (; nowMs < 4000; nowMs += 250) {
    leader.told([report('one', nowMs + 1)]);
    if (ended === 0) {
      follower.reported(report('two', nowMs + 1));
      leader.told(follower.fed());
    }
    follower.leaderSays(Buffer.from(JSON.stringify([['x', 'y', false, 1, 1], ...leader.refusedRows()])));
  }
  t.is(ended, 1);
  t.is(follower.refusalOf(id, 'two')?.code, 'duplicate-node');
  t.is(follower.refusalOf(id, 'one'), null);
  t.is(leader.of(id)?.report.start, 'one');
  for (const junk of ['', '{', '["second"]', '[["second",1,2],["second"],7]'])
    follower.leaderSays(Buffer.from(junk));
  nowMs += 3000;
  t.is(follower.refusalOf(id, 'two'), null);
});

test('while two say that they are a replica, neither says where it is reached', (t) => {
  let nowMs = 0;
  const book = new ReplicaBook({ nowMs: () => nowMs } as never);
  book.reported(report('one', 1));
  t.is(book.publishedBy(id)?.client, 'one:1');
  book.reported(report('two', 1));
  t.is(book.publishedBy(id), null);
  nowMs = 2000;
  book.reported(report('two', 2));
  t.is(book.publishedBy(id), null);
  nowMs = 3500;
  t.is(book.publishedBy(id)?.client, 'two:1');
});

test.serial('second-replica-fed is found', (t) => {
  activateMutant('second-replica-fed');
  t.teardown(() => activateMutant(null));
  const starts = new ReplicaStarts();
  for (let ms = 0; ms < 5000; ms += 250)
    for (const start of ['one', 'two']) starts.heard(report(start, ms + 1), ms);
  t.deepEqual(starts.refused(5000), []);
});
