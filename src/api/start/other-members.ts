import type { Client } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held } from '../../ports/replication.ts';
import {
  decodeImageChunk,
  decodeLineage,
  encodeImageRequest,
  encodeLineage,
  type ImageChunk,
  type MemberLineage,
} from '../../protocol/operations/promotion.ts';
import { promotionService, type RawMethod } from '../../protocol/services.ts';
import type { IncomingImage } from '../../replication/promotion/image-source.ts';
import type { OtherMembers } from '../../replication/promotion/runtimes.ts';
import { openChannel } from '../../transport/channel.ts';
import { failureOf } from '../replication/grpc-source.ts';

const presentDeadlineMs = 1000;

/** Other members, over gRPC at their client addresses; a connection a call, since these are rare. */
export const otherMembers: OtherMembers = {
  ask: (member, deadlineMs) => said(member, promotionService.lineage, Buffer.alloc(0), deadlineMs),
  present: (member, own) => said(member, promotionService.supersede, encodeLineage(own), presentDeadlineMs),
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
    const answer = decodeLineage(await unary(channel, method, request, deadlineMs));
    return answer.id === id ? answer : null;
  } catch {
    // Not there, too slow, another kind of server: all the same to who asks.
    return null;
  } finally {
    channel.close();
  }
}

function unary(channel: Client, method: RawMethod, request: Buffer, deadlineMs: number): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + deadlineMs;
    channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline },
      (error, reply) => {
        if (error === null && reply !== undefined) resolve(reply);
        else reject(error ?? new TanistError('unavailable', 'no answer'));
      },
    );
  });
}

async function image(
  { client }: MemberFacts,
  self: NodeId,
  held: Held | null,
  signal: AbortSignal,
): Promise<IncomingImage> {
  const channel = openChannel(client);
  const chunks = chunksOf(channel, client, encodeImageRequest(self, held), signal);
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
  request: Buffer,
  signal: AbortSignal,
): AsyncGenerator<ImageChunk, void, undefined> {
  const { path, requestSerialize, responseDeserialize } = promotionService.image;
  const call = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  const abort = (): void => call.cancel();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const bytes of call) yield decodeImageChunk(bytes as Buffer);
  } catch (error) {
    throw failureOf(error, address);
  } finally {
    signal.removeEventListener('abort', abort);
    call.cancel();
    channel.close();
  }
}
