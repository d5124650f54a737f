import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
import { encodeOffer } from '../../protocol/replication/follow.ts';
import { replicationService } from '../../protocol/services.ts';
import type { DeltaSource } from '../../replication/source/delta-source.ts';
import type { NativeServices } from '../services/native-services.ts';
import { unary } from '../services/unary.ts';
import { FollowStream } from './follow-stream.ts';

/** `service Replication` of a hot node. */
export function addReplicationService(services: NativeServices, node: ServedNode, source: DeltaSource): void {
  const offer = unary(() => {
    const { followers, lineage, refusal } = source.offer();
    const leads = node.routing().leader === node.id;
    return encodeOffer({ id: node.id, followers, leads, lineage, refusal });
  });
  services.add(
    replicationService,
    { offer },
    { follow: (call: ServerDuplexStream<Buffer, Buffer>) => void new FollowStream(source, call) },
  );
}
