import type { NodeId } from '../../foundation/ids.ts';
import type { HeldValue } from '../../ports/image-store.ts';
import type { Held, Lineage } from '../../ports/replication.ts';

/** What a replica holds, kept readable as of one mark until it is released. */
export interface PinnedValues {
  readonly held: Held;
  readonly find: HeldValue;
  release(): void;
}

/** A hot node's image on its way to another member, at the pace of the slower of the two and of the source's own bound. */
export interface IncomingImage {
  readonly from: NodeId;
  readonly lineage: Lineage;
  /** About, in bytes. */
  readonly sizeBytes: number;
  /** As `ImageSnapshot` gives them. */
  readonly chunks: AsyncIterable<Uint8Array>;
}
