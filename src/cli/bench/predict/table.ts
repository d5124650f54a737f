import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHotNode } from '../../../api/start/start-node.ts';
import { byteStringOfText } from '../../../foundation/bytes.ts';
import { quantile } from '../../../foundation/statistics.ts';
import { parseClusterConfig } from '../../../node/config/config.ts';
import type { TanistNode } from '../../../node/node.ts';
import { silentLog } from '../../../ports/node-log.ts';
import { defaultPredictPolicy } from '../../../ports/prediction.ts';
import { openLevelDisk } from '../../../storage/level/level-disk.ts';
import { atMost, explains, type Figure } from '../parts/figure.ts';
import { SteadyLoad, submit } from './steady-load.ts';

export interface TableOptions {
  readonly keys: number;
  /** Of each stretch that is measured. */
  readonly seconds: number;
  /** Before it: histories grow and models are chosen. */
  readonly warmUpSeconds: number;
}

/** What is promised of 1,000 keys at 1 Hz; of other numbers the figures are only told. */
const promisedKeys = 1000;
const prefix = 'p/';
const promotions = 50;

/**
 * What predictions of many keys cost a node: the same load on one node of its own without a policy and with it. CPU time and memory are the whole
 * process's, the difference of the two stretches; what another process does on the machine is in the delays of both.
 */
export async function measureTable(
  { keys, seconds, warmUpSeconds }: TableOptions,
  folder: string,
  progress: (text: string) => void,
): Promise<readonly Figure[]> {
  const disk = await openLevelDisk(folder, { reserveBytes: 0 });
  const config = parseClusterConfig('{ cluster: bench, nodes: [{ id: n0, client: 0, peer: 0, http: 0 }] }');
  const { node, stop } = await startHotNode({
    config,
    id: 'n0',
    dataFolder: folder,
    nodeLog: silentLog,
    disk,
  });
  try {
    while (!node.inspect().open) await sleep(10);
    const load = new SteadyLoad(node, prefix, keys);
    progress(`${seconds} s without predictions`);
    await load.run(5);
    const without = await stretch(() => load.run(seconds));
    await predict(node);
    progress(`${warmUpSeconds} s of learning`);
    await load.run(warmUpSeconds);
    progress(`${seconds} s with predictions`);
    const before = node.prediction?.figures;
    const run = await stretch(() => load.run(seconds));
    const after = node.prediction?.figures;
    const status = node.prediction?.status();
    const applyMs = promote(node);
    const bound = (name: string, value: number, unit: string, promised: number): Figure =>
      keys === promisedKeys ? atMost(name, value, unit, promised) : explains(name, value, unit);
    return [
      bound('CPU of one core', (run.cpuShare - without.cpuShare) * 100, '%', 15),
      explains('of it the thread, by the clock', cpuShare(before?.cpuMs, after?.cpuMs, seconds) * 100, '%'),
      bound('memory of the thread', megabytes(status?.memoryBytes ?? Number.NaN), 'MB', 250),
      bound('memory of the process, added', megabytes(run.residentBytes - without.residentBytes), 'MB', 250),
      bound('event-loop delay p99, added', run.delayMs - without.delayMs, 'ms', 2),
      explains('event-loop delay p99 with', run.delayMs, 'ms'),
      explains('event-loop delay p99 without', without.delayMs, 'ms'),
      bound('pre-apply, median', quantile(applyMs, 0.5), 'ms', 2),
      explains('pre-apply, slowest', Math.max(...applyMs), 'ms'),
      explains('predictions in it', node.prediction?.preApply(0).length ?? 0, ''),
      explains('series forecast', status?.ready ?? 0, ''),
      explains('series waiting', status?.waiting ?? 0, ''),
      explains("error, of last value's", status?.scaledError ?? Number.NaN, ''),
    ];
  } finally {
    await stop(false);
    await disk.close();
  }
}

function predict(node: TanistNode): Promise<void> {
  const policy = { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy } as const;
  return submit(node, [{ kind: 'setPolicy', prefix: byteStringOfText(prefix), policy }]);
}

/** What a promotion would ask for, so many times. */
function promote(node: TanistNode): readonly number[] {
  return Array.from({ length: promotions }, () => {
    const startMs = performance.now();
    node.prediction?.preApply(0);
    return performance.now() - startMs;
  });
}

async function stretch(act: () => Promise<void>): Promise<{
  readonly cpuShare: number;
  readonly residentBytes: number;
  readonly delayMs: number;
}> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  delay.enable();
  await act();
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpuShare: (user + system) / 1000 / (performance.now() - startMs),
    residentBytes: process.memoryUsage.rss(),
    delayMs: delay.percentile(99) / 1e6,
  };
}

function cpuShare(before: number | undefined, after: number | undefined, seconds: number): number {
  return before === undefined || after === undefined ? Number.NaN : (after - before) / 1000 / seconds;
}

function megabytes(bytes: number): number {
  return bytes / 1e6;
}
