import type { Server, ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
import { encodeOffer } from '../../protocol/replication/follow.ts';
import { replicationService } from '../../protocol/services.ts';
import type { DeltaSource } from '../../replication/source/delta-source.ts';
import { toServiceError, toTanistError } from '../services/grpc-status.ts';
import { FollowStream } from './follow-stream.ts';

/** `service Replication` of a hot node. */
export function addReplicationService(server: Server, node: ServedNode, source: DeltaSource): void {
  server.addService(replicationService, {
    follow: (call: ServerDuplexStream<Buffer, Buffer>) => void new FollowStream(source, call),
    offer: (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      try {
        const { followers, lineage, refusal } = source.offer();
        const leads = node.routing().leader === node.id;
        done(null, encodeOffer({ id: node.id, followers, leads, lineage, refusal }));
      } catch (error) {
        done(toServiceError(toTanistError(error)));
      }
    },
  });
}
