import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { present } from '../../foundation/assert.ts';
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
import type { BenchRestartOptions } from './options.ts';

const fillInFlight = 1024;
/** A node that has just started still tidies up; its idle memory is taken after this. */
const idleMs = 3000;
const megabyte = 1024 * 1024;

/** `bench restart`: loads keys, kills a follower, and times it from its start until it has caught up and serves. */
export async function benchRestart(options: BenchRestartOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const cluster = await startLocalCluster({ folder: join(folder.path, 'tanist'), hot: 3 });
  stack.defer(() => cluster.stop());
  out.progress.update('measuring idle memory …');
  await delay(idleMs);
  const idleBytes = await residentBytes(present(cluster.nodes[0], 'a node').pid);
  const generator = await startGenerator({ api: 'tanist', endpoints: cluster.endpoints, ...options });
  stack.defer(() => generator.stop());
  out.progress.update(`loading ${figure(options.keys)} keys …`);
  const loaded = await generator.fill(fillInFlight);
  out.say(
    `${figure(options.keys)} keys of ${options.valueBytes} B loaded, ${figure(loaded.perSecond)} a second`,
  );
  const client = await openClient(cluster.endpoints);
  stack.defer(() => client.close());
  const { leader } = await client.status();
  const follower = present(
    cluster.nodes.find((node) => node.id !== leader),
    'a follower',
  ).id;
  cluster.kill(follower, 'SIGKILL');
  await cluster.node(follower).exited;
  out.progress.update(`${follower} was killed and starts again …`);
  const startedMs = performance.now();
  const node = await cluster.restart(follower);
  const servesMs = performance.now() - startedMs;
  await untilHealthy(client, follower);
  const caughtUpMs = performance.now() - startedMs;
  const bytes = await residentBytes(node.pid);
  out.table(
    ['figure', 'value'],
    [
      ['serves again after ms', rounded(servesMs, 0)],
      ['caught up after ms', rounded(caughtUpMs, 0)],
      ['its memory MiB', rounded((bytes ?? Number.NaN) / megabyte, 0)],
      ['idle memory MiB, without keys', rounded((idleBytes ?? Number.NaN) / megabyte, 0)],
    ],
  );
  out.document({
    tanist: {
      keys: options.keys,
      loadPerSecond: rounded(loaded.perSecond, 0),
      restartMs: rounded(servesMs, 0),
      caughtUpMs: rounded(caughtUpMs, 0),
      memoryBytes: bytes,
      idleMemoryBytes: idleBytes,
    },
  });
}

async function untilHealthy(client: Awaited<ReturnType<typeof openClient>>, id: string): Promise<void> {
  const untilMs = Date.now() + 60_000;
  for (;;) {
    const { members } = await client.status();
    const member = members.find((candidate) => candidate.member.id === id);
    if (member !== undefined && member.health === 'healthy' && member.lagRevisions === 0) return;
    if (Date.now() > untilMs) throw new TanistError('unavailable', `${id} did not catch up within 60 s`);
    await delay(10);
  }
}
