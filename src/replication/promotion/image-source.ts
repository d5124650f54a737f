import type { NodeId } from '../../foundation/ids.ts';
import type { Lineage } from '../../ports/replication.ts';

/** A hot node's whole image on its way to another member, at the pace of the slower of the two and of the source's own bound. */
export interface IncomingImage {
  readonly from: NodeId;
  readonly lineage: Lineage;
  /** About, in bytes. */
  readonly sizeBytes: number;
  /** As `ImageSnapshot` gives them. */
  readonly chunks: AsyncIterable<Uint8Array>;
}
