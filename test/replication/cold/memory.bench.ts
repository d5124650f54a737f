/**
 * What a cold replica's store takes with a million keys of 256 B: memory beyond the process before, times, the longest turn of the event loop.
 * `node dist/test/replication/cold/memory.bench.js [KEYS]`
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { clusterTimeMs, logIndex, noLease, revision } from '../../../src/foundation/ids.ts';
import type { KeyValue } from '../../../src/ports/delta.ts';
import type { Held, StreamPart } from '../../../src/ports/replication.ts';
import { coldDatabases, openColdStore } from '../../../src/replication/cold/open-cold-store.ts';
import { RangeSum } from '../../../src/replication/range-sum.ts';
import { wholeSpace, wholeSpaces } from '../../../src/replication/whole-space.ts';
import { openLevelDisk } from '../../../src/storage/level/level-disk.ts';
import { allOf } from './hot.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const sum = new RangeSum();
const keyOf = (i: number): ByteString => `key/${String(i).padStart(10, '0')}` as ByteString;

function putOf(i: number, version: number): KeyValue {
  const text = `${i}/${version}/`;
  return {
    key: keyOf(i),
    value: text.padEnd(256, text) as ByteString,
    createRevision: revision(i + 2),
    modRevision: revision(i + 2 + (version - 1) * count),
    version,
    lease: noLease,
  };
}

async function* stream(held: Held | null, every: number, version: number): AsyncGenerator<StreamPart> {
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  yield { kind: 'ranges', lineage: { clusterId: 'bench', epoch: 0 }, ranges: wholeSpaces };
  yield { kind: 'leases', all: true, granted: [], ended: [] };
  yield { kind: 'members', members: [] };
  if (held === null)
    for (const space of ['user', 'planes', 'system'] as const)
      yield { kind: 'replace', range: wholeSpace(space) };
  let values: KeyValue[] = [];
  for (let i = 0; i < count; i += every) {
    const value = putOf(i, version);
    if (version > 1) sum.remove(putOf(i, version === 3 && i % 100 === 0 ? 2 : 1));
    sum.add(value);
    values.push(value);
    if (values.length < 800 && i + every < count) continue;
    yield { kind: 'values', space: 'user', values };
    values = [];
    await nextTurn();
  }
  const at = revision(2 + version * count);
  const revisions = { user: at, planes: revision(1), system: revision(1), predicted: revision(1) };
  const none = { keys: 0, digest: '0000000000000000' };
  yield {
    kind: 'mark',
    index: logIndex(version),
    timeMs: clusterTimeMs(version),
    revisions,
    compacted: revisions,
    leaderRevisions: revisions,
    digests: [
      { range: wholeSpace('user'), keys: sum.keys, digest: sum.digest },
      { range: wholeSpace('planes'), ...none },
      { range: wholeSpace('system'), ...none },
    ],
  };
}

async function memory(): Promise<{ rss: number; anon: number; file: number }> {
  const status = await readFile('/proc/self/status', 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { rss: of('VmRSS'), anon: of('RssAnon'), file: of('RssFile') };
}

const folder = await mkdtemp(join(tmpdir(), 'tanist-cold-'));
const disk = await openLevelDisk(folder, { databases: coldDatabases });
const store = await openColdStore(disk, { retention: { keep: 3, keepForMs: 0 }, wallMs: Date.now });
const before = await memory();
let peak = 0;
const watching = setInterval(() => void memory().then(({ rss }) => (peak = Math.max(peak, rss))), 100);
async function measured(what: string, act: () => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const result = await act();
  delay.disable();
  globalThis.gc?.();
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  const { rss, anon, file } = await memory();
  console.log(
    `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, longest turn ${(delay.max / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)}; ` +
      `RSS + ${(rss - before.rss).toFixed(0)} MiB (anonymous + ${(anon - before.anon).toFixed(0)}, files + ${(file - before.file).toFixed(0)}), peak + ${(peak - before.rss).toFixed(0)}; heap ${(heapUsed / 1048576).toFixed(0)} of ${(heapTotal / 1048576).toFixed(0)}, external ${(external / 1048576).toFixed(0)} ${typeof result === 'string' ? result : ''}`,
  );
  peak = 0;
}
console.log(`RSS before ${before.rss.toFixed(0)} MiB`);
await measured('base', () => store.receive(null, stream(null, 1, 1)));
await measured('increment of 1 in 100', () => store.receive(store.held(), stream(store.held(), 100, 2)));
await measured('increment of 1 in 10', () => store.receive(store.held(), stream(store.held(), 10, 3)));
await measured('tidy', async () => {
  while (await store.tidyStep()) {}
});
await measured('count', async () =>
  JSON.stringify((await store.read({ ...allOf('user'), key: 'k' as ByteString, countOnly: true })).result),
);
await measured('limit 10', () => store.read({ ...allOf('user'), limit: 10 }));
await measured('1,000 gets', async () => {
  for (let i = 0; i < 1000; i++)
    await store.read({ ...allOf('user'), key: keyOf((i * 7919) % count), rangeEnd: '' as ByteString });
});
await measured('scrub', () => store.scrub(async () => {}));
await new Promise((resolve) => setTimeout(resolve, 3000));
await measured('idle', async () => {});
clearInterval(watching);
await store.close();
await disk.close();
await rm(folder, { recursive: true });
