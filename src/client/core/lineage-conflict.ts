import { TanistError } from '../../foundation/errors.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { Lineage } from '../../ports/replication.ts';
import { candidates, type LineageConflict, type RouterState } from './router.ts';

/** What a member of another lineage means for a client, in one line. */
export function conflictError({ address, lineage, own }: LineageConflict): TanistError {
  const who = address === '' ? 'a member' : address;
  const message =
    compareLineage(own, lineage) === 'foreign'
      ? `${who} is of another cluster, ${textOf(lineage)}; this client goes on with ${textOf(own)}: take that address out of its endpoints`
      : `${who} is of ${textOf(lineage)}, and this client follows ${textOf(own)}: both were promoted from one cluster, and their answers are not mixed; stop the one that is not to go on, or connect anew to the members of the other alone`;
  return new TanistError('lineage-conflict', message);
}

/** The conflict, where nobody of the followed lineage is left to answer; null: there is none, or somebody is. */
export function conflictAlone(state: RouterState): TanistError | null {
  if (state.conflict === null || candidates(state).length > 0) return null;
  return conflictError(state.conflict);
}

function textOf({ clusterId, epoch }: Lineage): string {
  return `cluster ${clusterId} (epoch ${epoch})`;
}
