import type { ReplicaStatus } from '../ports/replica-status.ts';
import type { Tier } from '../ports/tier.ts';
import type { ReplicaMeasurements } from './score.ts';

/** Silent for so long a replica counts as gone, however patient its measured arrivals would make one. */
export const lostAfterMs = 1000;

export function replicaStatusOf(
  { id, silentMs, patienceMs, divergence, doubt, roundTripMs }: ReplicaMeasurements,
  tier: Tier,
): ReplicaStatus {
  const isSuspected = silentMs >= patienceMs;
  return {
    id,
    tier,
    heartbeat: !isSuspected ? 'alive' : silentMs >= Math.max(patienceMs, lostAfterMs) ? 'lost' : 'suspected',
    silentMs,
    modelDivergence: divergence ?? null,
    dataIntegrity: doubt === null ? 1 : 0,
    trouble: doubt,
    networkLatencyMs: roundTripMs,
  };
}
