import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import {
  decodeSnapshotsRequest,
  encodeSnapshotsReply,
  type SnapshotsReply,
} from '../../protocol/operations/snapshots.ts';
import { snapshotsService } from '../../protocol/services.ts';
import { toServiceError, toTanistError } from '../services/grpc-status.ts';

/** A cold replica's snapshots. */
export interface ServedSnapshots {
  /** Errors: those of the snapshot that was asked for. */
  list(take: boolean): Promise<SnapshotsReply>;
}

/** `service Snapshots`; where there are none, it says who has some. */
export function addSnapshotsService(
  server: Server,
  node: ServedNode,
  snapshots: ServedSnapshots | null,
): void {
  server.addService(snapshotsService, {
    list: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      Promise.resolve()
        .then(() => decodeSnapshotsRequest(call.request))
        .then(({ take }) => (snapshots === null ? Promise.reject(noneHere(node)) : snapshots.list(take)))
        .then(
          (reply) => done(null, encodeSnapshotsReply(reply)),
          (error: unknown) => done(toServiceError(toTanistError(error))),
        );
    },
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
