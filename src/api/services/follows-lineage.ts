import type { Metadata } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import { clusterInHeader, lineageHeader } from '../../protocol/lineage-metadata.ts';

/**
 * Why a call is refused whose caller follows another lineage than this member is of: what it knows (a session, a revision) would mean something else here.
 * Null: it is not, or one of the two does not say.
 */
export function refusalOfLineage(metadata: Metadata, node: Pick<ServedNode, 'routing'>): TanistError | null {
  const follows = clusterInHeader(metadata.get(lineageHeader)[0]);
  const { lineage = null } = node.routing();
  if (follows === null || lineage === null || lineage.clusterId === follows) return null;
  return new TanistError(
    'superseded',
    `this member is of cluster ${lineage.clusterId}, epoch ${lineage.epoch}, and the call is for ${follows}: ask a member of that one`,
  );
}
