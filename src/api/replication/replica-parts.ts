import { present } from '../../foundation/assert.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { ClusterConfig } from '../../node/config/config.ts';
import { configuredMembers } from '../../node/config/configured-members.ts';
import { factsOfConfigured } from '../../node/membership/plan-change.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { VitalsReader } from '../start/vitals-reader.ts';

/** Where this member is reached, by its config. */
export function ownFacts(config: ClusterConfig, self: NodeId): MemberFacts {
  return factsOfConfigured(
    present(
      configuredMembers(config).find(({ id }) => id === self),
      'a member is in its config',
    ),
  );
}

/** What reports say of the machine. */
export function usedOf({ latest }: VitalsReader): { readonly memoryUsed: number; readonly diskFree: number } {
  const { memoryUsedBytes: used, memoryLimitBytes: limit, diskFreeBytes: free, diskBytes } = latest;
  return {
    memoryUsed: used === null || limit === null ? 0 : used / limit,
    diskFree: free === null || diskBytes === null ? 1 : free / diskBytes,
  };
}
