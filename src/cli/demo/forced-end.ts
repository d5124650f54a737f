import { setTimeout as delay } from 'node:timers/promises';
import type { TanistClient } from '../../client/index.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { LocalCluster, LocalNode } from '../../local/local-cluster.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import { openClient } from '../client.ts';
import { askForce, askLineage } from '../promotion/member-calls.ts';
import { type MetricStream, metricPrefix } from './metric-stream.ts';
import { type PredictedState, predictedState } from './predicted-state.ts';

/** What the end of the story is made of. */
export interface ForcedEnd {
  readonly killed: readonly string[];
  /** What the cold replica answers when no hot one is left; null: it has no snapshot yet. */
  readonly cold: {
    readonly id: string;
    readonly revision: number;
    readonly keys: number;
    readonly ageMs: number;
  } | null;
  readonly report: ForcedReport;
  /** From the last kill to the first write of the new lineage. */
  readonly tookMs: number;
  /** Keys of the stream, before at the leader and after at the promoted replica. */
  readonly keysBefore: number;
  readonly keysAfter: number;
  readonly predicted: PredictedState;
}

const patienceMs = 10_000;

/**
 * The worst that can happen: every hot replica dies, while the stream writes. The warm one goes on by force with what it holds. Null: it has taken the killed
 * leader's place already, and votes.
 */
export async function forcedEnd(
  cluster: LocalCluster,
  client: TanistClient,
  warm: LocalNode,
  stream: Pick<MetricStream, 'latest' | 'range'>,
): Promise<ForcedEnd | null> {
  if ((await askLineage(warm.addresses.client)).tier === 'hot') return null;
  const { count: keysBefore, revision } = await client.get(metricPrefix, { prefix: true, countOnly: true });
  await until(
    async () => (await askLineage(warm.addresses.client)).revision >= revision,
    'the warm replica is behind',
  );
  const killed = cluster.nodes.filter((node) => node.tier === 'hot' && node.running());
  for (const { id } of killed) cluster.kill(id, 'SIGKILL');
  await Promise.all(killed.map(({ exited }) => exited));
  const cold = await coldAnswer(cluster, client);
  const startMs = performance.now();
  const report = await askForce(warm.addresses.client, true, patienceMs);
  const after = await openClient([warm.addresses.client]);
  try {
    await after.put('demo/new-lineage', 'written without any of the old hot replicas');
    const tookMs = performance.now() - startMs;
    const predicted = await predictedState(after, stream);
    const { count: keysAfter } = await after.get(metricPrefix, { prefix: true, countOnly: true });
    return { killed: killed.map(({ id }) => id), cold, report, tookMs, keysBefore, keysAfter, predicted };
  } finally {
    await after.close({ drainMs: 0 });
  }
}

async function coldAnswer(cluster: LocalCluster, client: TanistClient): Promise<ForcedEnd['cold']> {
  const node = cluster.nodes.find(({ tier }) => tier === 'cold');
  if (node === undefined) return null;
  const answer = await client
    .getAt(node.addresses.client, metricPrefix, { prefix: true, countOnly: true })
    .catch((error: unknown) => {
      if (error instanceof TanistError) return null;
      throw error;
    });
  if (answer === null) return null;
  return { id: node.id, revision: answer.revision, keys: answer.count, ageMs: answer.ageMs };
}

async function until(right: () => Promise<boolean>, otherwise: string): Promise<void> {
  const startMs = performance.now();
  while (!(await right().catch(() => false))) {
    if (performance.now() - startMs > patienceMs)
      throw new TanistError('unavailable', `${otherwise} after ${patienceMs / 1000} s`);
    await delay(50);
  }
}
