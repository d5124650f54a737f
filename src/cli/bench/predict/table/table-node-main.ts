import { setTimeout as sleep } from 'node:timers/promises';
import { startHotNode } from '../../../../api/start/start-node.ts';
import { byteStringOfText } from '../../../../foundation/bytes.ts';
import { parseClusterConfig } from '../../../../node/config/config.ts';
import type { TanistNode } from '../../../../node/node.ts';
import { silentLog } from '../../../../ports/node-log.ts';
import { defaultPredictPolicy } from '../../../../ports/prediction.ts';
import { openLevelDisk } from '../../../../storage/level/level-disk.ts';
import { holdsDuring } from './loop-holds.ts';
import { SteadyLoad, submit } from './steady-load.ts';
import type { AtTheEnd, Stretch, TableNodeReport, TableNodeStart, TableNodeTask } from './table-node.ts';

const prefix = 'p/';
const promotions = 50;

/** The process that is measured: one node, and the load on it. Ends with its parent. */
process.once('disconnect', () => process.exit(0));

const report = (message: TableNodeReport): void => {
  process.send?.(message);
};
const failed = (error: unknown): void => report({ kind: 'failed', message: (error as Error).message });

process.once('message', (start: TableNodeStart) => void prepare(start).catch(failed));

async function prepare({ folder, keys, predicts }: TableNodeStart): Promise<void> {
  const disk = await openLevelDisk(folder, { reserveBytes: 0 });
  const config = parseClusterConfig('{ cluster: bench, nodes: [{ id: n0, client: 0, peer: 0, http: 0 }] }');
  const { node } = await startHotNode({ config, id: 'n0', dataFolder: folder, nodeLog: silentLog, disk });
  while (!node.inspect().open) await sleep(10);
  if (predicts) await predict(node);
  const load = new SteadyLoad(node, prefix, keys);
  process.on('message', (task: TableNodeTask) => {
    if (task.kind === 'end') report({ kind: 'end', end: atTheEnd(node) });
    else
      stretchOf(node, () => load.run(task.seconds)).then(
        (stretch) => report({ kind: 'stretch', stretch }),
        failed,
      );
  });
  report({ kind: 'started' });
}

function predict(node: TanistNode): Promise<void> {
  const policy = { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy } as const;
  return submit(node, [{ kind: 'setPolicy', prefix: byteStringOfText(prefix), policy }]);
}

async function stretchOf(node: TanistNode, act: () => Promise<void>): Promise<Stretch> {
  const threadMs = (): number => node.prediction?.figures?.cpuMs ?? 0;
  const cpu = process.cpuUsage();
  const thread = threadMs();
  const startMs = performance.now();
  const holds = await holdsDuring(act);
  const { user, system } = process.cpuUsage(cpu);
  const tookMs = performance.now() - startMs;
  return {
    cpuShare: (user + system) / 1000 / tookMs,
    threadShare: (threadMs() - thread) / tookMs,
    holds,
  };
}

function atTheEnd(node: TanistNode): AtTheEnd {
  const residentBytes = process.memoryUsage.rss();
  const status = node.prediction?.status();
  let preApplied = 0;
  const preApplyMs = Array.from({ length: promotions }, () => {
    const startMs = performance.now();
    preApplied = node.prediction?.preApply(0).length ?? 0;
    return performance.now() - startMs;
  });
  return {
    residentBytes,
    threadBytes: status?.memoryBytes ?? 0,
    preApplyMs,
    preApplied,
    ready: status?.ready ?? 0,
    waiting: status?.waiting ?? 0,
    scaledError: status?.scaledError ?? null,
  };
}
