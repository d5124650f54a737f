import type { ClusterConfig } from '../../node/config.ts';
import type { VitalsReader } from '../vitals-reader.ts';
import type { ReplicaNodeOptions } from './replica-node.ts';

/** As the config has them. */
export function configuredMembers({ nodes }: ClusterConfig): ReplicaNodeOptions['configured'] {
  return nodes.map(({ id, client, peer, http, tier }) => ({
    id,
    clientAddress: client,
    peerAddress: peer,
    httpAddress: http,
    tier,
  }));
}

/** What reports say of the machine. */
export function usedOf({ latest }: VitalsReader): { readonly memoryUsed: number; readonly diskFree: number } {
  const { memoryUsedBytes: used, memoryLimitBytes: limit, diskFreeBytes: free, diskBytes } = latest;
  return {
    memoryUsed: used === null || limit === null ? 0 : used / limit,
    diskFree: free === null || diskBytes === null ? 1 : free / diskBytes,
  };
}
