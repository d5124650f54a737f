import { cleanup } from '../../../local/cleanup.ts';
import { residentBytes } from '../../../local/process-memory.ts';
import { figure } from '../../terminal/figure.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { tierBatches, tierKey } from './tier-keys.ts';
import { settledMemory, startTiered } from './tiered-cluster.ts';

const cold = 'n3';
const megabyte = 1e6;
const day = 24 * 3_600_000;
/** Of the keys one in so many changes between two snapshots, each so often: only the last value is to be transferred. */
const changedStep = 10;
const overwrites = 3;
const snapshotMs = 540_000;
const lookMs = 50;

/** Memory of a cold replica, empty and with all keys; and what comes over the wire for a snapshot of those that changed. */
export const measureCold: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  const { keys, valueBytes, critical: percent } = options;
  await using stack = cleanup();
  progress('starts 3 hot replicas and a cold one');
  // Snapshots are taken when they are asked for.
  const tiered = await startTiered(
    { folder, hot: 3, cold: 1, config: { snapshots: { everyMs: day } } },
    stack,
  );
  const { cluster, client } = tiered;
  const { pid, addresses } = cluster.node(cold);
  const take = async (): Promise<number> => {
    const before = await tiered.metric(cold, 'tanist_replica_received_bytes_total');
    await client.snapshots(addresses.client, true, { deadlineMs: snapshotMs });
    return (await tiered.metric(cold, 'tanist_replica_received_bytes_total')) - before;
  };
  progress('idle memory');
  const [idle = Number.NaN] = await settledMemory([pid], options.settleSeconds * 1000);
  const write = async (step: number, what: string): Promise<number> => {
    let written = 0;
    await tiered.writeAll(tierBatches(keys, { percent, valueBytes, step }), (puts) => {
      written += puts;
      progress(`${figure(written)} ${what}`);
    });
    return written;
  };
  await write(1, `of ${figure(keys)} keys written`);
  progress('the first snapshot');
  let peak = 0;
  const look = setInterval(() => {
    void residentBytes(pid).then((bytes) => {
      peak = Math.max(peak, bytes ?? 0);
    });
  }, lookMs);
  stack.defer(() => Promise.resolve(clearInterval(look)));
  const startedMs = performance.now();
  const firstBytes = await take();
  const firstMs = performance.now() - startedMs;
  progress('memory with all keys');
  const [loaded = Number.NaN] = await settledMemory([pid], options.settleSeconds * 1000);
  let changed = 0;
  for (let round = 0; round < overwrites; round++)
    changed = await write(changedStep, `keys changed, ${round + 1} of ${overwrites} times`);
  progress('the second snapshot');
  const bytes = await take();
  const [after = Number.NaN] = await settledMemory([pid], options.settleSeconds * 1000);
  clearInterval(look);
  say(
    `${figure(changed)} keys changed ${overwrites} times each; values of ${valueBytes} B, keys of ${tierKey(0, percent).length} B`,
  );
  return [
    atMost('memory above idle', (loaded - idle) / megabyte, 'MB', 40),
    atMost('memory above idle, after a catch-up', (after - idle) / megabyte, 'MB', 40),
    atMost('transferred, of the values changed', bytes / (changed * valueBytes), 'times', 1.2),
    explains('transferred by the catch-up', bytes / megabyte, 'MB'),
    explains('memory, idle', idle / megabyte, 'MB'),
    explains('memory above idle, most at any time', (peak - idle) / megabyte, 'MB'),
    explains('the first snapshot took', firstMs / 1000, 's'),
    explains('the first snapshot transferred', firstBytes / megabyte, 'MB'),
  ];
};
