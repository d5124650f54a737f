import { setTimeout as delay } from 'node:timers/promises';
import { median, quantile, rounded } from '../../../foundation/statistics.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { eventually } from '../../../local/eventually.ts';
import { figure } from '../../terminal/figure.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains, type Figure } from '../parts/figure.ts';
import type { PartContext, RunPart } from '../parts/part.ts';
import { StampedKey } from './stamped-key.ts';
import { cpuSeconds, startTiered, type TieredCluster } from './tiered-cluster.ts';
import { p99Ms, startWrites, type WriteLoad } from './write-load.ts';

const promisedRate = 5000;
const warm = ['n3', 'n4'] as const;
/** Keys that the load goes round in. */
const loadKeys = 10_000;
/** A load that has just begun is not what is measured. */
const warmUpMs = 2000;
/** Figures of two rounds that were alike differ by their noise; below this nobody would call it a difference in any case. */
const leastNoise = 0.03;

/**
 * How late a warm replica is: from a write's acknowledgement to the first answer of the warm replica that shows it, at a client that knows only that
 * one. And the CPU time that a write costs the leader while none, one and two warm replicas are fed by followers, in turns.
 */
export const measureLag: RunPart<BenchTiersOptions> = async (context) => {
  const { options, folder, progress } = context;
  await using stack = cleanup();
  progress('starts 3 hot replicas and 2 warm ones');
  const tiered = await startTiered({ folder, hot: 3, warm: 2 }, stack);
  const lag = await measureLateness(tiered, context);
  const byCount: number[][] = [[], [], []];
  let fedByLeader = 0;
  for (let run = 1; run <= options.runs; run++)
    for (const [count, costs] of byCount.entries()) {
      progress(`leader's CPU time, ${count} warm, ${run} of ${options.runs}`);
      await setWarm(tiered, count);
      const leader = await tiered.leader();
      for (const id of warm.slice(0, count)) if ((await tiered.sourceOf(id)) === leader) fedByLeader++;
      costs.push(await leaderCost(tiered, context));
    }
  const [without = [], ...others] = byCount;
  const base = median(without);
  const noise = Math.max(leastNoise, (Math.max(...without) - Math.min(...without)) / base);
  return [
    ...lag,
    ...others.map((costs, i) =>
      atMost(
        `leader's CPU time with ${i + 1} warm, of that with none`,
        median(costs) / base,
        'times',
        rounded(1 + noise, 3),
      ),
    ),
    ...byCount.map((costs, i) => explains(`leader's CPU time with ${i} warm`, median(costs), 'µs/write')),
    explains('warm replicas that the leader fed', fedByLeader, ''),
  ];
};

async function measureLateness(
  tiered: TieredCluster,
  context: PartContext<BenchTiersOptions>,
): Promise<readonly Figure[]> {
  const { options, progress, say } = context;
  const { connectEtcd } = await import('../../../client/index.ts');
  const [id] = warm;
  const reader = await connectEtcd({ endpoints: [tiered.cluster.node(id).addresses.client] });
  try {
    progress(`lag at ${figure(loadOf(context).rate)} writes a second`);
    const load = startWrites(tiered, loadOf(context));
    await delay(warmUpMs);
    const stamped = new StampedKey(tiered.client, reader);
    const startedMs = performance.now();
    const countedFrom = load.acknowledged.length;
    await stamped.run(options.seconds * 1000);
    const endedMs = performance.now();
    const perSecond = ((load.acknowledged.length - countedFrom) * 1000) / (endedMs - startedMs);
    await load.stop();
    if (load.failed > 0) say(`${load.failed} writes failed`);
    const late = stamped.latenessMs;
    return [
      atMost('lag p99', quantile(late, 0.99), 'ms', 50),
      explains('lag median', median(late), 'ms'),
      explains('lag, most', Math.max(...late), 'ms'),
      explains('writes looked for at the warm one', late.length, ''),
      explains('writes', perSecond, '/s'),
      explains("writes' own p99, from issue to acknowledgement", p99Ms(load, startedMs, endedMs), 'ms'),
    ];
  } finally {
    await reader.close();
  }
}

/** Few keys: what is measured is the stream, and not the size of the state. */
function loadOf({ options }: PartContext<BenchTiersOptions>): WriteLoad {
  const { rate = promisedRate, valueBytes, critical } = options;
  return { rate, valueBytes, percent: critical, keys: loadKeys };
}

/** So many warm replicas run and follow; the others are down. */
async function setWarm(tiered: TieredCluster, count: number): Promise<void> {
  const { cluster } = tiered;
  for (const [i, id] of warm.entries()) {
    const isWanted = i < count;
    if (isWanted === cluster.node(id).running()) continue;
    if (isWanted) await cluster.restart(id);
    else {
      cluster.kill(id, 'SIGKILL');
      await cluster.node(id).exited;
    }
  }
  for (const id of warm.slice(0, count))
    await eventually(async () => ((await tiered.sourceOf(id)) === '' ? null : true), `${id} follows nobody`);
}

/** µs of CPU time a write acknowledged. */
async function leaderCost(tiered: TieredCluster, context: PartContext<BenchTiersOptions>): Promise<number> {
  const { pid } = tiered.cluster.node(await tiered.leader());
  const load = startWrites(tiered, loadOf(context));
  await delay(warmUpMs);
  const [before, countedFrom] = [await cpuSeconds(pid), load.acknowledged.length];
  await delay(context.options.seconds * 1000);
  const [after, countedTo] = [await cpuSeconds(pid), load.acknowledged.length];
  await load.stop();
  return ((after - before) * 1e6) / (countedTo - countedFrom);
}
