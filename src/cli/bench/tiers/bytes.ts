import { cleanup } from '../../../local/cleanup.ts';
import { eventually } from '../../../local/eventually.ts';
import { figure } from '../../terminal/figure.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { criticalCount, tierBatches } from './tier-keys.ts';
import { settledMemory, startTiered } from './tiered-cluster.ts';

const megabyte = 1e6;
const hot = ['n0', 'n1', 'n2'];
const warm = 'n3';
const putsInFlight = 512;

/**
 * Keys written one by one: what reaches a warm replica against what reaches the followers (their mean), and what each holds in memory above what it held
 * when it was idle. Bytes of messages as they come over the wire.
 */
export const measureBytes: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  const { keys, valueBytes, critical: percent } = options;
  await using stack = cleanup();
  progress('starts 3 hot replicas and a warm one');
  const tiered = await startTiered({ folder, hot: 3, warm: 1 }, stack);
  const { cluster } = tiered;
  const leader = await tiered.leader();
  const ids = [warm, ...hot];
  const pids = ids.map((id) => cluster.node(id).pid);
  const received = (): Promise<number[]> =>
    Promise.all(
      ids.map((id) =>
        tiered.metric(
          id,
          id === warm ? 'tanist_replica_received_bytes_total' : 'tanist_peer_received_bytes_total',
        ),
      ),
    );
  progress('idle memory');
  const idle = await settledMemory(pids, options.settleSeconds * 1000);
  const before = await received();
  let written = 0;
  // One put a command, as an application writes them.
  await tiered.writeAll(
    tierBatches(keys, { batch: 1, percent, valueBytes }),
    (puts) => {
      written += puts;
      if (written % 1000 === 0) progress(`${figure(written)} of ${figure(keys)} keys written`);
    },
    putsInFlight,
  );
  progress('the warm replica catches up');
  await eventually(
    async () => {
      const held = await tiered.metric(warm, 'tanist_replica_keys');
      return held >= criticalCount(keys, percent) ? true : null;
    },
    'the warm replica did not hold all critical keys',
    { patienceMs: 60_000, everyMs: 100 },
  );
  const after = await received();
  progress('memory');
  const loaded = await settledMemory(pids, options.settleSeconds * 1000);
  const led = new Set([leader, await tiered.leader()]);
  const bytes = after.map((value, i) => value - (before[i] ?? 0));
  const memory = loaded.map((value, i) => value - (idle[i] ?? 0));
  // A new leader would have received less than all.
  const followed = ids.map((id, i) => ({ id, i })).filter(({ id }) => id !== warm && !led.has(id));
  const hotBytes = mean(followed.map(({ i }) => bytes[i] ?? Number.NaN));
  const hotMemory = mean(followed.map(({ i }) => memory[i] ?? Number.NaN));
  if (led.size > 1) say('another one leads now: only who followed all the time is compared with');
  const [warmBytes = Number.NaN] = bytes;
  const [warmMemory = Number.NaN] = memory;
  const [warmIdle = Number.NaN] = idle;
  return [
    atMost('bytes received, of a hot one', (100 * warmBytes) / hotBytes, '%', 30),
    atMost('memory above idle, of a hot one', (100 * warmMemory) / hotMemory, '%', 40),
    explains('received by the warm one', warmBytes / megabyte, 'MB'),
    explains('received by a hot one', hotBytes / megabyte, 'MB'),
    explains('memory of the warm one above idle', warmMemory / megabyte, 'MB'),
    explains('memory of a hot one above idle', hotMemory / megabyte, 'MB'),
    explains('memory of the warm one, idle', warmIdle / megabyte, 'MB'),
  ];
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
