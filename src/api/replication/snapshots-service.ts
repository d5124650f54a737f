import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import {
  decodeSnapshotsRequest,
  encodeSnapshotsReply,
  type SnapshotsReply,
} from '../../protocol/operations/snapshots.ts';
import { snapshotsService } from '../../protocol/services.ts';
import type { NativeServices } from '../services/native-services.ts';
import { unary } from '../services/unary.ts';

/** A cold replica's snapshots. */
export interface ServedSnapshots {
  /** Errors: those of the snapshot that was asked for. */
  list(take: boolean): Promise<SnapshotsReply>;
}

/** `service Snapshots`; where there are none, it says who has some. */
export function addSnapshotsService(
  services: NativeServices,
  node: ServedNode,
  snapshots: ServedSnapshots | null,
): void {
  services.add(snapshotsService, {
    list: unary(async (bytes) => {
      const { take } = decodeSnapshotsRequest(bytes);
      if (snapshots === null) throw noneHere(node);
      return encodeSnapshotsReply(await snapshots.list(take));
    }),
  });
}

function noneHere(node: ServedNode): TanistError {
  const cold = node.members().filter(({ tier }) => tier === 'cold');
  const where =
    cold.length === 0
      ? 'this cluster has no cold replica'
      : `ask ${cold.map(({ id, client }) => `${id} at ${client}`).join(' or ')}`;
  return new TanistError(
    'not-held',
    `${node.id} is a ${node.tier} replica, snapshots are on cold ones: ${where}`,
  );
}
