import { present } from '../../foundation/assert.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { ClusterConfig } from '../../node/config.ts';
import type { MemberFacts } from '../../ports/membership.ts';
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

/** Where this member is reached, by its config. */
export function ownFacts({ nodes }: ClusterConfig, self: NodeId): MemberFacts {
  const { id, client, peer, http, tier, labels } = present(
    nodes.find((node) => node.id === self),
    'a member is in its config',
  );
  return { id, name: id, client, peer, http, tier, labels };
}

/** What reports say of the machine. */
export function usedOf({ latest }: VitalsReader): { readonly memoryUsed: number; readonly diskFree: number } {
  const { memoryUsedBytes: used, memoryLimitBytes: limit, diskFreeBytes: free, diskBytes } = latest;
  return {
    memoryUsed: used === null || limit === null ? 0 : used / limit,
    diskFree: free === null || diskBytes === null ? 1 : free / diskBytes,
  };
}
