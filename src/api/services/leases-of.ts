import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { LeaseStatus } from '../../protocol/operations/administration.ts';

/** All leases without their keys, or the one asked for with them; empty when there is none such. */
export async function leasesOf(node: ServedNode, id: LeaseId): Promise<readonly LeaseStatus[]> {
  const state = await node.wholeState();
  node.checkServes();
  if (id === noLease) return [...state.leases()].map((lease) => ({ ...lease, keys: [] }));
  const lease = state.lease(id);
  return lease === null ? [] : [{ ...lease, keys: lease.keys.map(({ key }) => key) }];
}

/** Their times-to-live, 0 where one is gone; fails when one could not be renewed now. */
export function renewed(node: ServedNode, ids: readonly LeaseId[]): Promise<readonly number[]> {
  if (ids.length > limits.idsPerCommand) {
    const message = `${ids.length} leases are asked for; ${limits.idsPerCommand} are allowed: ask in pieces`;
    return Promise.reject(new TanistError('invalid-argument', message));
  }
  return new Promise((resolve, reject) => {
    const ttls = new Array<number>(ids.length).fill(0);
    let open = ids.length;
    if (open === 0) resolve(ttls);
    for (const [i, id] of ids.entries())
      node.keepAlive(id, (outcome) => {
        if (outcome instanceof TanistError) reject(outcome);
        else ttls[i] = outcome;
        if (--open === 0) resolve(ttls);
      });
  });
}
