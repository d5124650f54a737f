import type { Client, ServiceError } from '@grpc/grpc-js';
import { callError, openChannel } from '../client/grpc/channel.ts';
import { unary } from '../client/grpc/unary.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { MemberFacts } from '../ports/membership.ts';
import {
  decodeImageChunk,
  decodeLineage,
  encodeImageRequest,
  encodeLineage,
  type ImageChunk,
  type MemberLineage,
} from '../protocol/promotion.ts';
import { promotionService, type RawMethod } from '../protocol/services.ts';
import type { IncomingImage } from '../replication/promotion/image-source.ts';
import type { OtherMembers } from '../replication/promotion/runtimes.ts';

const supersedeDeadlineMs = 1000;

/** Other members, over gRPC at their client addresses; a connection a call, since these are rare. */
export const otherMembers: OtherMembers = {
  ask: (member, deadlineMs) => said(member, promotionService.lineage, Buffer.alloc(0), deadlineMs),
  supersede: (member, by) => said(member, promotionService.supersede, encodeLineage(by), supersedeDeadlineMs),
  image,
};

async function said(
  { id, client }: MemberFacts,
  method: RawMethod,
  request: Buffer,
  deadlineMs: number,
): Promise<MemberLineage | null> {
  const channel = openChannel(client);
  try {
    const answer = decodeLineage(await unary(channel, client, method, request, { deadlineMs }));
    return answer.id === id ? answer : null;
  } catch {
    // Not there, too slow, another kind of server: all the same to who asks.
    return null;
  } finally {
    channel.close();
  }
}

async function image(
  { client }: MemberFacts,
  self: NodeId,
  signal: AbortSignal,
): Promise<IncomingImage> {
  const channel = openChannel(client);
  const chunks = chunksOf(channel, client, self, signal);
  const first = await chunks.next();
  if (first.done === true) throw new Error('an image has a beginning');
  const { from, lineage, sizeBytes } = first.value;
  return {
    from,
    lineage,
    sizeBytes,
    chunks: (async function* () {
      for await (const { data } of chunks) yield data;
    })(),
  };
}

/** gRPC's flow control holds the source back: the stream is read only as chunks are taken. */
async function* chunksOf(
  channel: Client,
  address: string,
  self: NodeId,
  signal: AbortSignal,
): AsyncGenerator<ImageChunk, void, undefined> {
  const { path, requestSerialize, responseDeserialize } = promotionService.image;
  const call = channel.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    encodeImageRequest(self),
  );
  const abort = (): void => call.cancel();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const bytes of call) yield decodeImageChunk(bytes as Buffer);
  } catch (error) {
    throw callError(error as ServiceError, address);
  } finally {
    signal.removeEventListener('abort', abort);
    call.cancel();
    channel.close();
  }
}
