import { setTimeout as sleep } from 'node:timers/promises';
import type { TanistClient } from '../../../../client/index.ts';
import { present } from '../../../../foundation/assert.ts';
import { cleanup } from '../../../../local/cleanup.ts';
import { startLocalCluster } from '../../../../local/local-cluster.ts';
import { openClient } from '../../../client.ts';
import { askForce } from '../../../promotion/member-calls.ts';
import type { RunPart } from '../../parts/part.ts';
import type { BenchPredictOptions } from '../options.ts';
import { judge, measurePromotions, type Promotion } from './promotions.ts';
import { type Judged, type Replayed, replayPrefix } from './replayed.ts';

const stepMs = 1000;
const snapshotSteps = 12;
const patienceMs = 60_000;

/**
 * Real series replayed as state, a step a second. All hot replicas are killed, and the cold one, whose last snapshot is up to a dozen steps old, goes on by
 * force. How far is its state from what the series are at that moment, with what it had predicted and without?
 */
export const measureCold: RunPart<BenchPredictOptions> = (context) => {
  const { options } = context;
  return measurePromotions(context, options.warmUp + snapshotSteps + patienceMs / stepMs, promoteOnce);
};

async function promoteOnce({
  options,
  progress,
  series,
  folder,
  promotion,
}: Promotion): Promise<readonly Judged[]> {
  await using stack = cleanup();
  const cluster = await startLocalCluster({
    folder,
    hot: 3,
    cold: 1,
    config: { snapshots: { everyMs: snapshotSteps * stepMs }, tiers: { automatic: false } },
  });
  stack.defer(() => cluster.stop());
  const client = await openClient(cluster.endpoints, { deadlineMs: patienceMs });
  stack.defer(() => client.close({ drainMs: 0 }));
  const predict = { fields: [], stepMs, horizon: 2 * snapshotSteps, minConfidence: 0, weight: 1 };
  await client.setPolicy(replayPrefix, { acknowledge: 'quorum', tier: 'full', predict });
  const startedMs = performance.now();
  // Each time somewhere else between two snapshots.
  const killAtMs = (options.warmUp + ((promotion * 5 + 3) % snapshotSteps)) * stepMs;
  for (let step = 0; performance.now() - startedMs < killAtMs; step++) {
    progress(`promotion ${promotion + 1} of ${options.promotions}: step ${step} of ${killAtMs / stepMs}`);
    await writeStep(client, series, step);
    await sleep(Math.max(0, startedMs + (step + 1) * stepMs - performance.now()));
  }
  const cold = present(
    cluster.nodes.find(({ tier }) => tier === 'cold'),
    'a cold replica was started',
  );
  const hot = cluster.nodes.filter(({ tier }) => tier === 'hot');
  for (const { id } of hot) cluster.kill(id, 'SIGKILL');
  await Promise.all(hot.map(({ exited }) => exited));
  await askForce(cold.addresses.client, true, patienceMs);
  const after = await openClient([cold.addresses.client], { deadlineMs: patienceMs });
  stack.defer(() => after.close({ drainMs: 0 }));
  // Until it leads it answers as the cold replica that it was.
  await after.get(replayPrefix, { prefix: true, countOnly: true });
  return await judge(after, series, () => Math.floor((performance.now() - startedMs) / stepMs));
}

async function writeStep(client: TanistClient, series: readonly Replayed[], step: number): Promise<void> {
  await Promise.all(series.map(({ key, values }) => client.put(key, String(values[step] ?? 0))));
}
