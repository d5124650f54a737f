import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '../../../client/connect.ts';
import { type Cleanup, cleanup } from '../../../local/cleanup.ts';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import { type Mirrors, openMirrors } from '../../../mirrors/index.ts';

export interface ReadsFigures {
  readonly mirrors: number;
  /** `await mirrors.poll(id)`, one after the other, a second. */
  readonly pollsPerSecond: number;
  /** `mirrors.peek(id)`, a second. */
  readonly peeksPerSecond: number;
}

export interface StampedeFigures {
  readonly clients: number;
  readonly originCalls: number;
  /** From the first poll until the last one was answered, and how long the origin took. */
  readonly lastAnswerMs: number;
  readonly originMs: number;
  readonly wrongAnswers: number;
}

const originMs = 50;
const connections = 8;

/** An origin that counts and takes its time, and sources that ask it. */
async function origin(
  stack: Cleanup,
): Promise<{ readonly sources: Readonly<Record<string, unknown>>; calls: () => number }> {
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: request.url?.slice(1), state: 'running', cores: 4 }));
    }, originMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    sources: {
      bench: {
        origin: { kind: 'http', url: `http://127.0.0.1:${port}/{key}` },
        freshForMs: 3_600_000,
        budget: { perMinute: 600_000, burst: 100_000 },
        timeoutMs: 30_000,
      },
    },
    calls: () => calls,
  };
}

export async function measureReads(folder: string, seconds: number): Promise<ReadsFigures> {
  await using stack = cleanup();
  const cluster = await startLocalCluster({ folder, hot: 1 });
  stack.defer(() => cluster.stop());
  const client = await connect({ endpoints: cluster.endpoints, space: 'planes', connectMs: 20_000 });
  stack.defer(() => client.close());
  const { sources } = await origin(stack);
  const mirrors = await openMirrors(client, { sources, clusterMs: 20_000 });
  stack.defer(() => mirrors.close());
  const ids = Array.from({ length: 64 }, (_, i) => `bench/m-${i}`);
  for (const id of ids) await mirrors.poll(id);
  await settled(mirrors, ids);
  const polls = await perSecond(seconds, async (count) => {
    for (let i = 0; i < count; i++) await mirrors.poll(ids[i & 63] ?? '');
  });
  const peeks = await perSecond(seconds, async (count) => {
    for (let i = 0; i < count; i++) mirrors.peek(ids[i & 63] ?? '');
  });
  return { mirrors: ids.length, pollsPerSecond: polls, peeksPerSecond: peeks };
}

/** All mirrors are here and fresh: no read waits any more. */
async function settled(mirrors: Mirrors, ids: readonly string[]): Promise<void> {
  for (const id of ids)
    while (mirrors.peek(id)?.fresh !== true) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The best of rounds that fill the time: the first ones compile. */
async function perSecond(seconds: number, run: (count: number) => Promise<void>): Promise<number> {
  const count = 100_000;
  const untilMs = performance.now() + seconds * 1000;
  const rates: number[] = [];
  while (performance.now() < untilMs || rates.length < 5) {
    const startedMs = performance.now();
    await run(count);
    rates.push((count * 1000) / (performance.now() - startedMs));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  rates.sort((a, b) => a - b);
  return rates[rates.length >> 1] ?? 0;
}

export async function measureStampede(
  folder: string,
  clients: number,
  progress: (text: string) => void,
): Promise<StampedeFigures> {
  await using stack = cleanup();
  progress('starts a cluster of 3');
  const cluster = await startLocalCluster({ folder, hot: 3 });
  stack.defer(() => cluster.stop());
  const { sources, calls } = await origin(stack);
  const opened: Mirrors[] = [];
  for (let i = 0; i < connections; i++) {
    const client = await connect({ endpoints: cluster.endpoints, space: 'planes', connectMs: 20_000 });
    stack.defer(() => client.close({ drainMs: 0 }));
    while (opened.length < Math.ceil(((i + 1) * clients) / connections)) {
      const mirrors = await openMirrors(client, { sources });
      opened.push(mirrors);
      if (opened.length % 50 === 0) progress(`${opened.length} clients`);
    }
  }
  stack.defer(() => Promise.all(opened.map((mirrors) => mirrors.close())));
  const [first] = opened;
  await first?.poll('bench/hot');
  await first?.invalidate('bench/hot');
  for (const mirrors of opened)
    while (mirrors.live.entries.get('bench/hot')?.wanted?.reason !== 'invalidated')
      await new Promise((resolve) => setTimeout(resolve, 5));
  const before = calls();
  progress('all poll');
  const startedMs = performance.now();
  const states = await Promise.all(opened.map((mirrors) => mirrors.poll('bench/hot')));
  return {
    clients,
    originCalls: calls() - before,
    lastAnswerMs: performance.now() - startedMs,
    originMs,
    wrongAnswers: states.filter(({ fresh }) => !fresh).length,
  };
}
