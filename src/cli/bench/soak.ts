import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../foundation/errors.ts';
import { rounded } from '../../foundation/statistics.ts';
import { cleanup } from '../../local/cleanup.ts';
import { startLocalCluster } from '../../local/local-cluster.ts';
import { residentBytes } from '../../local/process-memory.ts';
import { workFolder } from '../../local/work-folder.ts';
import { openClient } from '../client.ts';
import { figure } from '../terminal/figure.ts';
import { outputTo } from '../terminal/output.ts';
import { startGenerator } from './load/generator.ts';
import type { BenchSoakOptions } from './options.ts';

const lookMs = 1000;

/** `bench soak`: full load, and not one election. */
export async function benchSoak(options: BenchSoakOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const suspicions: string[] = [];
  const cluster = await startLocalCluster({
    folder: join(folder.path, 'tanist'),
    hot: 3,
    onLog: (id, record) => {
      if (record.event?.endsWith('suspected') === true) suspicions.push(id);
    },
  });
  stack.defer(() => cluster.stop());
  const generator = await startGenerator({ api: 'tanist', endpoints: cluster.endpoints, ...options });
  stack.defer(() => generator.stop());
  const client = await openClient(cluster.endpoints);
  stack.defer(() => client.close());
  await generator.fill(options.clients);
  const before = await client.status();
  suspicions.length = 0;
  const startedMs = performance.now();
  let done = false;
  const load = generator
    .run('put', { inFlight: options.clients, seconds: options.minutes * 60, warmUpSeconds: 0 })
    .finally(() => {
      done = true;
    });
  let term = before.term;
  while (!done) {
    await Promise.race([load, delay(lookMs)]);
    ({ term } = await client.status().catch(() => ({ term })));
    const seconds = (performance.now() - startedMs) / 1000;
    out.progress.update(
      `${figure(rounded(seconds, 0))} of ${options.minutes * 60} s, ${term - before.term} elections`,
    );
  }
  const result = await load;
  const after = await client.status();
  const memoryBytes = await Promise.all(cluster.nodes.map((node) => residentBytes(node.pid)));
  const elections = after.term - before.term;
  out.progress.clear();
  out.table(
    ['figure', 'value'],
    [
      ['elections', elections],
      ['suspicions', suspicions.length],
      ['puts a second', rounded(result.perSecond, 0)],
      ['p99 ms', result.p99Ms],
      ['max ms', result.maxMs],
      ['failed', result.failed],
    ],
  );
  out.document({
    tanist: {
      minutes: options.minutes,
      elections,
      suspicions: suspicions.length,
      perSecond: rounded(result.perSecond, 0),
      p50Ms: rounded(result.p50Ms, 3),
      p99Ms: rounded(result.p99Ms, 3),
      maxMs: rounded(result.maxMs),
      failed: result.failed,
      memoryBytes,
    },
  });
  if (elections > 0) throw new TanistError('unavailable', `${elections} false elections under load`);
}
