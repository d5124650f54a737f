import { type LeaseId, noLease } from '../foundation/ids.ts';
import type { TanistNode } from '../node/node.ts';
import type { LeaseStatus } from '../protocol/administration.ts';

/** All leases without their keys, or the one asked for with them; empty when there is none such. */
export function leasesOf(node: TanistNode, id: LeaseId): readonly LeaseStatus[] {
  if (id === noLease) return [...node.state.leases()].map((lease) => ({ ...lease, keys: [] }));
  const lease = node.state.lease(id);
  return lease === null ? [] : [{ ...lease, keys: lease.keys.map(({ key }) => key) }];
}
