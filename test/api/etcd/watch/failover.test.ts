import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import { startLocalCluster } from '../../../../src/local/local-cluster.ts';
import { kvMethods, leaseMethods, watchMethods } from '../../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../differential/raw-client.ts';
import { RawStream } from '../raw-stream.ts';

const ttlSeconds = 600;
const b = (text: string): ByteString => text as ByteString;

test('watches on every node see each event once and in order across a killed leader; leases keep their time', async (t) => {
  t.timeout(120_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-watch-'));
  const cluster = await startLocalCluster({ folder, hot: 3 });
  const clients = cluster.endpoints.map((endpoint) => new RawClient(endpoint));
  try {
    const leader = await primaryOf(cluster.nodes.map(({ addresses }) => addresses.http));
    const others = [0, 1, 2].filter((i) => i !== leader);
    const askedMs = performance.now();
    await clients[others[0]!]!.call(leaseMethods.leaseGrant, { ID: 1n, TTL: ttlSeconds });
    const watchers = cluster.endpoints.map((endpoint) => watching(endpoint));
    for (const watcher of watchers) await watcher.opened;
    let acknowledged = 0;
    const writing = (async () => {
      for (let i = 0; acknowledged < 300; i++) {
        const writer = clients[others[i % 2]!]!;
        const answer = await writer.call(kvMethods.put, { key: b('w/k'), value: b(String(i)), lease: 1n });
        if (answer.kind === 'message') acknowledged++;
        if (acknowledged === 100) cluster.kill(cluster.nodes[leader]!.id, 'SIGKILL');
      }
    })();
    await writing;
    const end = await clients[others[1]!]!.call(kvMethods.put, { key: b('w/k'), value: b('end') });
    t.is(end.kind, 'message');
    const seen = await Promise.all(
      watchers.map((watcher, i) => {
        // Whose node is gone goes on elsewhere, from where it was.
        if (i === leader) watcher.moveTo(cluster.endpoints[others[0]!]!);
        return watcher.untilEnd();
      }),
    );
    for (const events of seen) {
      t.true(events.length >= 301);
      for (let i = 1; i < events.length; i++) t.is(events[i], events[i - 1]! + 1, 'no gap, nothing twice');
      t.deepEqual(events, seen[0]);
    }
    const left = await clients[others[0]!]!.call(leaseMethods.leaseTimeToLive, { ID: 1n, keys: true });
    const { TTL, grantedTTL } = (left as { message: { TTL: number; grantedTTL: number } }).message;
    t.is(grantedTTL, ttlSeconds);
    // Neither begun anew nor shortened: whatever of it has passed since.
    const passed = (performance.now() - askedMs) / 1000;
    t.true(TTL < ttlSeconds && TTL > ttlSeconds - passed - 2, `${TTL} s are left after ${passed}`);
  } finally {
    for (const client of clients) client.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

/** The versions of the key as a watcher sees them. */
function watching(endpoint: string) {
  const versions: number[] = [];
  let next = 0;
  let over = false;
  let stream = new RawStream(endpoint, watchMethods.watch);
  const create = (): void =>
    stream.send({ create_request: { key: b('w/'), range_end: b('w0'), start_revision: next } });
  const follow = async (own: typeof stream): Promise<void> => {
    for (let response = await own.next(30_000); response !== null; response = await own.next(30_000))
      for (const { kv } of response.events) {
        next = (kv?.mod_revision ?? 0) + 1;
        versions.push(kv?.version ?? 0);
        over ||= kv?.value === 'end';
        if (over) return;
      }
  };
  create();
  const opened = stream.next();
  let following = opened.then(() => follow(stream));
  return {
    opened,
    moveTo: (other: string) => {
      const before = following;
      following = (async () => {
        stream.call.cancel();
        await before;
        stream.close();
        stream = new RawStream(other, watchMethods.watch);
        create();
        await follow(stream);
      })();
    },
    untilEnd: async () => {
      await following;
      stream.close();
      return versions;
    },
  };
}

async function primaryOf(http: readonly string[]): Promise<number> {
  for (;;) {
    for (const [i, address] of http.entries()) {
      const answer = await fetch(`http://${address}/primary`).catch(() => null);
      if (answer?.status === 200) return i;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
