import { TanistError } from '../../foundation/errors.ts';
import type { Held, Lineage } from '../../ports/replication.ts';

/**
 * What is held, if it is of this lineage; null: nothing of it can be compared. Fails as `data-of-another-cluster` where it is of a newer lineage, or
 * of another cluster.
 */
export function heldOfLineage(held: Held | null, own: Lineage): Held | null {
  if (held === null) return null;
  const { clusterId, epoch } = held.lineage;
  if (clusterId === own.clusterId && epoch === own.epoch) return held;
  if (nameOf(clusterId) !== nameOf(own.clusterId) || epoch > own.epoch)
    throw new TanistError(
      'data-of-another-cluster',
      `the replica holds data of ${clusterId}, epoch ${epoch}; this node is of ${own.clusterId}, epoch ${own.epoch}: it does not feed it`,
    );
  return null;
}

/** A cluster's name stays; its suffix is another one in each lineage. */
function nameOf(clusterId: string): string {
  return clusterId.split('+')[0] ?? clusterId;
}
