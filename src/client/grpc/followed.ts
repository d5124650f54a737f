import { Metadata } from '@grpc/grpc-js';
import type { Lineage } from '../../ports/replication.ts';
import { lineageHeader, lineageHeaderOf } from '../../protocol/lineage-metadata.ts';

/** What a call says of the lineage that its client follows: a member that is of another one by now refuses it. */
export function followed(lineage: Lineage | null): Metadata {
  const metadata = new Metadata();
  if (lineage !== null) metadata.set(lineageHeader, lineageHeaderOf(lineage.clusterId));
  return metadata;
}
