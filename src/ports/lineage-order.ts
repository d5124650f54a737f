import { mutant } from '../foundation/mutants.ts';
import type { Lineage } from './replication.ts';

/** `conflict`: both began anew from the same lineage; only an operator can say which is to go on. `foreign`: another cluster. */
export type LineageOrder = 'same' | 'newer' | 'older' | 'conflict' | 'foreign';

/** What `other` is to one of `own`. A cluster's name stays, its suffix changes with each lineage. */
export function compareLineage(own: Lineage, other: Lineage): LineageOrder {
  if (own.clusterId === other.clusterId) return 'same';
  if (nameOf(own.clusterId) !== nameOf(other.clusterId)) return 'foreign';
  if (other.epoch > own.epoch) return 'newer';
  if (other.epoch < own.epoch) return mutant.active === 'old-epoch-accepted' ? 'same' : 'older';
  return 'conflict';
}

/** As they are, whatever came before and after. */
export function sameLineage(left: Lineage, right: Lineage): boolean {
  return left.clusterId === right.clusterId && left.epoch === right.epoch;
}

export function nameOf(clusterId: string): string {
  return clusterId.split('+')[0] ?? clusterId;
}
