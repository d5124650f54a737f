import { setTimeout as sleep } from 'node:timers/promises';
import type { TanistClient } from '../../../../client/index.ts';
import { TanistError } from '../../../../foundation/errors.ts';
import { cleanup } from '../../../../local/cleanup.ts';
import { startLocalCluster } from '../../../../local/local-cluster.ts';
import { openClient } from '../../../client.ts';
import type { RunPart } from '../../parts/part.ts';
import type { BenchPredictOptions } from '../options.ts';
import { judge, measurePromotions, type Promotion } from './promotions.ts';
import { type Judged, type Replayed, replayPrefix } from './replayed.ts';

const stepMs = 50;
const distanceMs = 200;
const patienceMs = 60_000;

/**
 * Streams that the leader acknowledges alone, twenty steps a second, with 200 ms to its followers. It is killed together with who wrote; what had not got
 * far enough is lost. How far is the state that its successor answers with from what the series are then, with what it had predicted and without?
 */
export const measureEarly: RunPart<BenchPredictOptions> = (context) => {
  const { options } = context;
  return measurePromotions(context, (options.warmUp * 1000 + patienceMs / 4) / stepMs, promoteOnce);
};

async function promoteOnce({
  options,
  progress,
  series,
  folder,
  promotion,
}: Promotion): Promise<readonly Judged[]> {
  await using stack = cleanup();
  const cluster = await startLocalCluster({ folder, hot: 3 });
  stack.defer(() => cluster.stop());
  const reader = await openClient(cluster.endpoints, { deadlineMs: patienceMs });
  stack.defer(() => reader.close({ drainMs: 0 }));
  const predict = { fields: [], stepMs, horizon: 64, minConfidence: 0, weight: 1 };
  await reader.setPolicy(replayPrefix, { acknowledge: 'leader', tier: 'full', predict });
  const writer = await openClient(cluster.endpoints, { deadlineMs: patienceMs });
  for (const { id } of cluster.nodes) cluster.fault(id, { kind: 'distance', ms: distanceMs });
  const startedMs = performance.now();
  const stepNow = (): number => Math.floor((performance.now() - startedMs) / stepMs);
  for (let step = 0; performance.now() - startedMs < options.warmUp * 1000; ) {
    if (step % 20 === 0)
      progress(
        `promotion ${promotion + 1} of ${options.promotions}: step ${step} of ${(options.warmUp * 1000) / stepMs}`,
      );
    await writeStep(writer, series, step);
    await sleep(Math.max(0, startedMs + (step + 1) * stepMs - performance.now()));
    // A timer may be early by less than a millisecond, and a step late by more than one.
    step = Math.max(step + 1, stepNow());
  }
  const { leader } = await reader.status();
  if (leader === null) throw new TanistError('no-leader', 'no leader before the kill; try again');
  cluster.kill(leader, 'SIGKILL');
  // Who would send again what was lost is gone, too.
  await writer.close({ drainMs: 0 });
  await reader.get(replayPrefix, { prefix: true, countOnly: true });
  // What the log still brought of the old leader made the first predictions void; those after it need a quorum's round.
  const untilMs = performance.now() + 10 * distanceMs;
  for (;;) {
    const judged = await judge(reader, series, stepNow);
    if (judged.some(({ predicted }) => predicted !== null) || performance.now() > untilMs) return judged;
    await sleep(stepMs);
  }
}

/** Each is acknowledged before the next step; how it ends is not waited for. */
async function writeStep(client: TanistClient, series: readonly Replayed[], step: number): Promise<void> {
  await Promise.all(series.map(({ key, values }) => client.putEarly(key, String(values[step] ?? 0))));
}
