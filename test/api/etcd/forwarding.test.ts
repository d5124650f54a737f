import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { type LocalCluster, startLocalCluster } from '../../../src/local/local-cluster.ts';
import { kvMethods, watchMethods } from '../../../src/protocol/etcd/methods.ts';
import { type Answer, RawClient } from './differential/raw-client.ts';
import { startEtcdCluster } from './etcd-cluster.ts';
import { RawStream } from './raw-stream.ts';

const b = (text: string): ByteString => text as ByteString;

const lost = 'etcdserver: request timed out, possibly due to previous leader failure';
const inFlight = 16;

interface Writes {
  /** Values of acknowledged puts, each under a key of its own. */
  readonly acknowledged: string[];
  readonly errors: string[];
  stop(): Promise<void>;
}

/** Puts through one node until told to stop. */
function keepWriting(client: RawClient): Writes {
  const acknowledged: string[] = [];
  const errors: string[] = [];
  let next = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    while (!stopped) {
      const key = `w/${next++}`;
      const answer = await client.call(kvMethods.put, { key: key as never, value: key as never });
      if (answer.kind === 'message') acknowledged.push(key);
      else errors.push(`${answer.code} ${answer.details}`);
    }
  };
  const workers = Array.from({ length: inFlight }, worker);
  return {
    acknowledged,
    errors,
    stop: async () => {
      stopped = true;
      await Promise.all(workers);
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function keysThere(client: RawClient): Promise<ReadonlySet<string>> {
  const answer: Answer = await client.call(kvMethods.range, {
    key: 'w/' as never,
    range_end: 'w0' as never,
    keys_only: true,
  });
  if (answer.kind === 'error') throw new Error(answer.details);
  return new Set((answer.message as { kvs: { key: string }[] }).kvs.map(({ key }) => key));
}

test('a leader that stops in an orderly way is a delay for those who write through another node', async (t) => {
  const cluster = await startEtcdCluster(3);
  const leader = await cluster.leader();
  const client = new RawClient(cluster.endpoints[(leader + 1) % 3]!);
  try {
    const writes = keepWriting(client);
    await until(() => writes.acknowledged.length > 100);
    await cluster.stopNode(leader);
    const before = writes.acknowledged.length;
    await until(() => writes.acknowledged.length > before + 100);
    await writes.stop();
    t.deepEqual(
      writes.errors.filter((error) => error !== `14 ${lost}`),
      [],
    );
    const there = await keysThere(client);
    t.deepEqual(
      writes.acknowledged.filter((key) => !there.has(key)),
      [],
    );
  } finally {
    client.close();
    await cluster.stop();
  }
});

test('a killed leader takes only what was under way with it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-forward-'));
  let cluster: LocalCluster | null = null;
  let client: RawClient | null = null;
  try {
    cluster = await startLocalCluster({ folder, hot: 3 });
    let leader = '';
    while (leader === '')
      for (const node of cluster.nodes) {
        const answer = await fetch(`http://${node.addresses.http}/primary`).catch(() => null);
        if (answer?.status === 200) leader = node.id;
      }
    const follower = cluster.nodes.find(({ id }) => id !== leader)!;
    client = new RawClient(follower.addresses.client);
    const writes = keepWriting(client);
    await until(() => writes.acknowledged.length > 100);
    cluster.kill(leader, 'SIGKILL');
    await cluster.node(leader).exited;
    const before = writes.acknowledged.length;
    await until(() => writes.acknowledged.length > before + 100);
    await writes.stop();
    t.true(writes.errors.length <= inFlight, `${writes.errors.length} errors`);
    t.deepEqual(
      writes.errors.filter((error) => error !== `14 ${lost}`),
      [],
    );
    const there = await keysThere(client);
    t.deepEqual(
      writes.acknowledged.filter((key) => !there.has(key)),
      [],
    );
  } finally {
    client?.close();
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test('what a follower has answered it shows: to serializable reads and to watches', async (t) => {
  const cluster = await startEtcdCluster(3);
  const endpoint = cluster.endpoints[((await cluster.leader()) + 1) % 3]!;
  const client = new RawClient(endpoint);
  const stream = new RawStream(endpoint, watchMethods.watch);
  try {
    for (let i = 0; i < 20; i++) {
      const value = b(`v${i}`);
      const put = await client.call(kvMethods.put, { key: b('own'), value });
      const read = await client.call(kvMethods.range, { key: b('own'), serializable: true });
      t.is((messageOf(read) as { kvs: { value: string }[] }).kvs[0]?.value, value);
      const { revision } = (messageOf(put) as { header: { revision: number } }).header;

      await client.call(kvMethods.put, { key: b('watched'), value });
      stream.send({ create_request: { key: b('watched') } });
      t.true((await stream.next())?.created);
      const later = b(`later${i}`);
      await client.call(kvMethods.put, { key: b('watched'), value: later });
      const first = await stream.next();
      t.is(first?.events[0]?.kv?.value, later, 'what was answered before the watch began is no news');
      stream.send({ cancel_request: { watch_id: first?.watch_id ?? 0 } });
      t.true((await stream.next())?.canceled);

      await client.call(kvMethods.compact, { revision: revision + 1 });
      stream.send({ create_request: { key: b('own'), start_revision: revision } });
      t.true((await stream.next())?.created);
      t.is((await stream.next())?.compact_revision, revision + 1);
    }
  } finally {
    client.close();
    stream.close();
    await cluster.stop();
  }
});

function messageOf(answer: Answer): unknown {
  if (answer.kind === 'error') throw new Error(answer.details);
  return answer.message;
}
