// What the client itself costs: puts of 256 B against the fake server in a process of its own. node dist/test/client/throughput.bench.js
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect, type TanistClient } from '../../src/client/index.ts';
import { FakeCluster } from './fake-cluster.ts';

async function serve(): Promise<void> {
  const cluster = await FakeCluster.start(1);
  cluster.state.keepsHistory = false;
  cluster.keepsBatches = false;
  process.send?.(cluster.endpoints[0]);
  process.on('disconnect', () => process.exit());
}

async function measure(client: TanistClient, inFlight: number, forMs: number): Promise<void> {
  const before = (await client.get('key-0-0')).revision;
  const value = Buffer.alloc(256, 120);
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  let operations = 0;
  const worker = async (n: number): Promise<void> => {
    for (let i = 0; performance.now() - startMs < forMs; i++) {
      const askedMs = inFlight === 1 ? performance.now() : 0;
      await client.put(`key-${n}-${i % 1000}`, value);
      if (inFlight === 1) latenciesMs.push(performance.now() - askedMs);
      operations++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, n) => worker(n)));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startMs) / 1000;
  const applied = (await client.get('key-0-0')).revision - before;
  if (applied !== operations)
    throw new Error(`${operations} puts answered, but the server applied ${applied}`);
  latenciesMs.sort((a, b) => a - b);
  const at = (q: number): string => (latenciesMs[Math.floor(latenciesMs.length * q)] ?? 0).toFixed(3);
  console.log(
    `${inFlight} in flight: ${Math.round(operations / seconds)} puts/s, client ${((user + system) / operations).toFixed(1)} µs CPU a put` +
      (inFlight === 1 ? `, latency ${at(0.5)} ms median, ${at(0.99)} ms p99` : ''),
  );
}

if (process.argv[2] === 'serve') {
  await serve();
} else {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const endpoint = await new Promise<string>((resolve) =>
    child.once('message', (text) => resolve(String(text))),
  );
  const batches = Number(process.argv[2] ?? 0);
  const client = await connect({
    endpoints: endpoint,
    ...(batches > 0 ? { session: { batchesInFlight: batches } } : {}),
  });
  await measure(client, 64, 500);
  for (const inFlight of [1, 64, 256, 1024]) await measure(client, inFlight, 1500);
  await client.close();
  child.disconnect();
}
