import test from 'ava';
import { logIndex, nodeId, revision, term } from '../../../src/foundation/ids.ts';
import { verdictRows } from '../../../src/node/integrity/verdict.ts';
import { decodeReport } from '../../../src/node/peers/self-report.ts';
import { encodeConfiguration } from '../../../src/raft/configuration.ts';
import { range } from '../../state/commands.ts';
import { Bench, entryAt, leaderImage, offer, Seen } from '../bench.ts';

const last = 60;
const upTo = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A follower that has applied ten entries, `settledMs` ago, and gets a snapshot of sixty. */
async function behind(seed: number, settledMs: number): Promise<Bench> {
  const bench = new Bench(seed, ['a', 'b', 'c'], { electionMs: 60_000 });
  await bench.start();
  bench.append(
    'a',
    1,
    upTo(1, 10).map((index) => entryAt(index)),
    10,
  );
  await bench.run(5, () => bench.node.inspect().applied === 10);
  await bench.run(settledMs);
  return bench;
}

async function installed(bench: Bench): Promise<void> {
  await bench.run(5000, () => bench.node.inspect().applied >= last && !bench.node.inspect().restoring);
}

test('watchers in every phase of a take-over get every revision once, in order', async (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const bench = await behind(seed, 40);
    const { image, state } = await leaderImage(bench, last);
    const watchers: Seen[] = [new Seen(bench.node, 2)];
    await bench.run(seed);
    let over = false;
    const ask = (): void => {
      if (over || watchers.length > 150) return;
      watchers.push(new Seen(bench.node, 2));
      bench.scheduler.after(bench.node.inspect().restoring ? 0.01 : 0.2 + seed / 50, ask);
    };
    ask();
    await offer(bench, image);
    await installed(bench);
    over = true;
    await bench.run(500);
    t.is(bench.failure, null);
    const expected = upTo(2, state.revision('user'));
    for (const { revisions, ended } of watchers) {
      t.is(ended, null);
      t.deepEqual(revisions, expected);
    }
    t.true(watchers.length > 10);
  }
});

test('an image flush that is due or under way does not meet a take-over', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const bench = await behind(seed, 7 * seed);
    const { image, state } = await leaderImage(bench, last);
    bench.append(
      'a',
      1,
      [11, 12, 13].map((index) => entryAt(index)),
      13,
    );
    await bench.run(1, () => bench.node.inspect().applied === 13);
    // Syncs that take long keep what the image does under way.
    bench.disk.weather.syncMs = 4 * seed;
    await offer(bench, image);
    await installed(bench);
    bench.append('a', 1, [entryAt(last + 1)], last + 1);
    await bench.run(400);
    t.is(bench.failure, null);
    t.is<number, number>(bench.node.inspect().applied, last + 1);
    await bench.until(bench.node.stop());
    await bench.start();
    bench.heartbeat('a', 1, last + 1);
    await bench.run(50);
    const { applied, spaces } = bench.node.inspect();
    t.is<number, number>(applied, last + 1);
    t.is(bench.failure, null);
    t.is<number, number>(spaces.user.revision, state.revision('user') + 30);
  }
});

test('a node that is stopped during a take-over comes back with the snapshot or without it', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const bench = await behind(seed, 20);
    const { image, state } = await leaderImage(bench, last);
    await offer(bench, image);
    await bench.run(0.3 * seed);
    await bench.until(bench.node.stop());
    await bench.start();
    const { applied, spaces } = bench.node.inspect();
    t.is(bench.failure, null);
    if ((applied as number) < last) t.true((applied as number) <= 10);
    else t.is(spaces.user.digest, state.digest('user'));
  }
});

test('a confirmed read of a follower that the snapshot covers is served', async (t) => {
  const bench = await behind(1, 20);
  const { image } = await leaderImage(bench, last);
  let outcome: unknown = null;
  bench.node.read(range('k', 'l', { limit: 1 }), 'linearizable', (answer) => {
    outcome = answer;
  });
  await bench.run(1);
  const request = bench.sent.findLast((message) => message.type === 'readIndexRequest');
  if (request?.type !== 'readIndexRequest') return t.fail();
  bench.hear('a', 1, { type: 'readIndexReply', id: request.id, index: entryAt(last).index });
  await bench.run(1);
  t.is(outcome, null);
  await offer(bench, image);
  await installed(bench);
  await bench.run(1);
  t.is((outcome as { kind?: string } | null)?.kind, 'range');
});

test('a read of an older revision that a take-over overtakes is refused, not answered wrongly', async (t) => {
  const bench = await behind(1, 100);
  bench.append('a', 1, [entryAt(11)], 11);
  await bench.run(200);
  const { image } = await leaderImage(bench, last);
  const codes = new Set<string>();
  let over = false;
  const ask = (): void => {
    if (over) return;
    bench.scheduler.after(0.03, ask);
    bench.node.read(range('k', 'l', { revision: revision(5) }), 'serializable', (answer) => {
      if (answer instanceof Error) codes.add((answer as Error & { code: string }).code);
      else t.is(answer.count, 4);
    });
  };
  ask();
  await offer(bench, image);
  await installed(bench);
  over = true;
  await bench.run(10);
  t.is(bench.failure, null);
  t.deepEqual([...codes], ['starting']);
});

test('a snapshot that cannot be taken over leaves the node as it was, and it takes the next one', async (t) => {
  const bench = await behind(3, 40);
  const { image, state } = await leaderImage(bench, last);
  const watcher = new Seen(bench.node, 2);
  bench.append('a', 1, [entryAt(11)], 11);
  await bench.run(5);
  await offer(bench, image);
  bench.disk.weather.full = true;
  await bench.run(200);
  t.is(bench.failure, null);
  t.false(bench.node.inspect().restoring);
  t.is<number, number>(bench.node.inspect().applied, 11);
  bench.disk.weather.full = false;
  await bench.run(1500);
  bench.append('a', 1, [entryAt(12)], 12);
  await bench.run(200);
  t.is<number, number>(bench.node.inspect().applied, 12);
  await offer(bench, image);
  await installed(bench);
  await bench.run(500);
  t.is(bench.failure, null);
  t.is(bench.node.inspect().spaces.user.digest, state.digest('user'));
  t.deepEqual(watcher.revisions, upTo(2, state.revision('user')));
});

test('a disk that is full at any moment of a take-over stops no node', async (t) => {
  const seen = new Set<number>();
  for (let step = 0; step < 40; step++) {
    const bench = await behind(3, 40);
    const { image, state } = await leaderImage(bench, last);
    await offer(bench, image);
    await bench.run(0.1 * step);
    bench.disk.weather.full = true;
    await bench.run(300);
    t.is(bench.failure, null, `${step}`);
    bench.disk.weather.full = false;
    await bench.run(1500);
    t.is(bench.failure, null);
    const { applied, restoring, spaces } = bench.node.inspect();
    t.false(restoring);
    seen.add(applied);
    if (applied > 10) t.is(spaces.user.digest, state.digest('user'));
  }
  t.deepEqual([...seen].sort(), [10, last]);
});

test('while one snapshot waits to be taken over another is refused', async (t) => {
  const bench = await behind(2, 100);
  const { image } = await leaderImage(bench, last);
  const { applied, chunks } = await bench.until(image.snapshot());
  const offered = { point: applied.point, term: term(1), header: encodeConfiguration(applied.configuration) };
  const again = await bench.until(image.snapshot());
  let second: Promise<void> | null = null;
  const taken = bench.handler.snapshot(nodeId('a'), { ...offered, chunks }).then(() => {
    second = bench.handler.snapshot(nodeId('a'), { ...offered, chunks: again.chunks });
    second.catch(() => {});
  });
  await bench.until(taken);
  await installed(bench);
  t.is(bench.failure, null);
  await t.throwsAsync(second ?? Promise.resolve(), { code: 'overloaded' });
});

test('a snapshot of a leader of an earlier term is not taken', async (t) => {
  const bench = await behind(2, 100);
  const { image } = await leaderImage(bench, last);
  bench.heartbeat('c', 2);
  await bench.run(1);
  await t.throwsAsync(offer(bench, image, 1), { code: 'not-leader' });
  bench.heartbeat('c', 2);
  await bench.run(10);
  t.is(bench.failure, null);
  t.is(bench.node.inspect().raft.leader, nodeId('c'));
});

test('a replica in quarantine that cannot take an image over goes on serving nothing, until it can', async (t) => {
  const bench = await behind(3, 40);
  const { image, state } = await leaderImage(bench, last);
  bench.heartbeat('a', 1, 10);
  await bench.run(20);
  const reply = bench.sent.findLast((message) => message.type === 'heartbeatReply');
  const generation = decodeReport(reply!.context!)!.integrity!.generation;
  const id = nodeId('b');
  const context = Buffer.from(
    JSON.stringify(verdictRows([{ id, generation, index: logIndex(0), digest: '' }])),
  );
  bench.hear('a', 1, { type: 'heartbeat', commit: logIndex(10), round: 0, succession: [], context });
  await bench.run(1);
  t.truthy(bench.node.inspect().doubt);
  await offer(bench, image);
  bench.disk.weather.full = true;
  await bench.run(200);
  t.is(bench.failure, null);
  t.false(bench.node.inspect().restoring);
  t.truthy(bench.node.inspect().doubt);
  let answer: unknown = null;
  bench.node.read(range('k', 'l'), 'serializable', (outcome) => {
    answer = outcome;
  });
  await bench.run(1);
  t.like(answer, { code: 'under-doubt' });
  bench.disk.weather.full = false;
  await bench.run(1500);
  await offer(bench, image);
  await installed(bench);
  await bench.run(500);
  t.is(bench.failure, null);
  t.is(bench.node.inspect().doubt, null);
  t.is(bench.node.inspect().spaces.user.digest, state.digest('user'));
});
