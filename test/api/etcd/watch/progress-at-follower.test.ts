import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import { kvMethods, watchMethods } from '../../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd-cluster.ts';
import { RawStream } from '../raw-stream.ts';

const b = (text: string): ByteString => text as ByteString;
const keys = { key: b('p/'), range_end: b('p0') };
const ofStream = -1;
type WatchStream = RawStream<typeof watchMethods.watch.request, typeof watchMethods.watch.response>;

let cluster: EtcdTestCluster;
test.before(async () => {
  cluster = await startEtcdCluster(3, {}, { limits: { watchProgressMs: 100 } });
});
test.after.always(() => cluster?.stop());

/** Puts until one is acknowledged, and says its revision once this node holds it. */
async function write(client: RawClient, key: string): Promise<number> {
  for (;;) {
    const put = await client.call(kvMethods.put, { key: b(key), value: b('x'.repeat(1000)) });
    if (put.kind === 'error') continue;
    const { revision } = (put.message as { header: { revision: number } }).header;
    for (;;) {
      const read = await client.call(kvMethods.range, { key: b(key), serializable: true });
      if (read.kind === 'message')
        if ((read.message as { header: { revision: number } }).header.revision >= revision) return revision;
    }
  }
}

/** The stream's messages up to its progress: which revisions each watch has seen by then, and where the stream is. */
async function untilProgress(stream: WatchStream) {
  const seen = new Map<number, number[]>();
  for (;;) {
    const response = await stream.next(20_000);
    if (response === null) throw new Error('no progress within 20 s');
    if (response.watch_id === ofStream) return { seen, at: response.header?.revision ?? 0 };
    const revisions = seen.get(response.watch_id) ?? [];
    seen.set(response.watch_id, revisions);
    for (const { kv } of response.events) revisions.push(kv?.mod_revision ?? 0);
  }
}

/** A watch of keys that nobody writes is told, unasked, that it is at `revision` or beyond. */
async function isNotified(stream: WatchStream, revision: number): Promise<boolean> {
  for (;;) {
    const response = await stream.next(20_000);
    if (response === null || response.canceled || response.events.length > 0) return false;
    if (!response.created && response.watch_id === 0 && (response.header?.revision ?? 0) >= revision)
      return true;
  }
}

test('progress at a follower comes after all that it covers, also after a failover and on a watch that resumes', async (t) => {
  t.timeout(60_000);
  const leader = await cluster.leader();
  const [followed, other] = [(leader + 1) % 3, (leader + 2) % 3] as const;
  const client = new RawClient(cluster.endpoints[followed]!);
  const open = (at: number): WatchStream => new RawStream(cluster.endpoints[at]!, watchMethods.watch);
  const [stream, atLeader, quiet] = [open(followed), open(leader), open(followed)];
  let resumed: WatchStream | null = null;
  try {
    quiet.send({ create_request: { key: b('quiet'), progress_notify: true } });
    const revisions: number[] = [];
    for (let i = 0; i < 300; i++) revisions.push(await write(client, `p/${i % 7}`));
    // One that has everything to catch up on, one that has some, one that has nothing.
    const half = revisions[150]!;
    for (const start_revision of [revisions[0]!, half, 0])
      stream.send({ create_request: { ...keys, start_revision } });
    stream.send({ progress_request: {} });
    const first = await untilProgress(stream);
    t.is(first.at, revisions[299]!);
    t.deepEqual(first.seen.get(0), revisions);
    t.deepEqual(first.seen.get(1), revisions.slice(150));
    t.deepEqual(first.seen.get(2), []);

    t.true(await isNotified(quiet, first.at));

    atLeader.send({ create_request: { ...keys, start_revision: revisions[0]! } });
    atLeader.send({ progress_request: {} });
    const before = await untilProgress(atLeader);
    await cluster.stopNode(leader);
    const missed: number[] = [];
    for (let i = 0; i < 50; i++) missed.push(await write(client, `p/${i % 7}`));
    t.not(await cluster.leader(), leader);

    stream.send({ progress_request: {} });
    const second = await untilProgress(stream);
    t.is(second.at, missed[49]!);
    for (const id of [0, 1, 2]) t.deepEqual(second.seen.get(id), missed, `watch ${id}`);

    t.true(await isNotified(quiet, second.at));

    const otherClient = new RawClient(cluster.endpoints[other]!);
    missed.push(await write(otherClient, 'p/last'));
    otherClient.close();
    resumed = open(other);
    resumed.send({ create_request: { ...keys, start_revision: before.at + 1 } });
    resumed.send({ progress_request: {} });
    const after = await untilProgress(resumed);
    t.is(after.at, missed[50]!);
    t.deepEqual([...(before.seen.get(0) ?? []), ...(after.seen.get(0) ?? [])], [...revisions, ...missed]);
  } finally {
    for (const each of [stream, atLeader, quiet, resumed]) each?.close();
    client.close();
  }
});
