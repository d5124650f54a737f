import { type ServerReadableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutgoingSnapshot, TransportHandler } from '../ports/transport.ts';
import { malformed } from '../protocol/parts/wire-reader.ts';
import { peerService } from '../protocol/services.ts';
import { openChannel } from './channel.ts';
import { timing } from './options.ts';
import {
  decodeSnapshotChunk,
  encodeSnapshotData,
  encodeSnapshotEnd,
  encodeSnapshotHeader,
  type Hello,
} from './peer-wire.ts';

/**
 * Streams over a connection of its own, so that messages never wait behind it. One chunk is on its way at a time, at the receiver's
 * pace. Resolves when the peer has taken all; fails with `unavailable`.
 */
export async function sendSnapshot(
  peer: NodeId,
  address: string,
  own: Hello,
  snapshot: OutgoingSnapshot,
  clock: Clock,
  closing: AbortSignal,
): Promise<void> {
  const client = openChannel(address);
  const { path, requestSerialize, responseDeserialize } = peerService.snapshot;
  let settle = (_error: TanistError | null): void => {};
  const taken = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === null ? resolve() : reject(error));
  });
  taken.catch(() => {}); // every step below looks at it
  const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error) => {
    const detail = `${peer} did not take the snapshot: ${error?.details}`;
    settle(error === null ? null : new TanistError('unavailable', detail));
  });
  const stop = (): void => {
    settle(new TanistError('closed', 'the transport was closed'));
    call.cancel();
  };
  const within = async (step: Promise<void>): Promise<void> => {
    const timer = clock.after(timing.snapshotStallMs, () => {
      const detail = `${peer} took nothing of the snapshot for ${timing.snapshotStallMs} ms`;
      settle(new TanistError('unavailable', detail));
      call.cancel();
    });
    try {
      await Promise.race([step, taken]);
    } finally {
      timer.cancel();
    }
  };
  const write = (bytes: Buffer): Promise<void> =>
    new Promise((written) => call.write(bytes, () => written()));
  closing.addEventListener('abort', stop);
  if (closing.aborted) stop();
  try {
    await within(write(encodeSnapshotHeader({ hello: own, ...snapshot })));
    for await (const chunk of snapshot.chunks) await within(write(encodeSnapshotData(chunk)));
    await within(write(encodeSnapshotEnd()));
    call.end();
    await within(taken);
  } catch (error) {
    call.cancel();
    throw error;
  } finally {
    closing.removeEventListener('abort', stop);
    client.close();
  }
}

/** Serves one snapshot stream: checks who sends it and hands it to the node, which takes chunks at its own pace. */
export async function receiveSnapshot(
  call: ServerReadableStream<Buffer, Buffer>,
  respond: sendUnaryData<Buffer>,
  greeted: (hello: Hello) => Promise<void>,
  handler: Pick<TransportHandler<never>, 'snapshot'>,
): Promise<void> {
  const chunks = call[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    const first = await chunks.next();
    const header = first.done === true ? null : decodeSnapshotChunk(first.value).header;
    if (header === null) throw malformed('a snapshot without a header');
    await greeted(header.hello);
    const { hello, point, term, header: context } = header;
    await handler.snapshot(hello.id, { point, term, header: context, chunks: dataOf(chunks) });
    respond(null, Buffer.alloc(0));
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    respond({ code: status.ABORTED, details });
  }
}

/** A stream that was cut off may end as if it were whole, so only the mark of the last chunk counts. */
async function* dataOf(chunks: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) throw new TanistError('unavailable', 'the snapshot was cut off');
    const { data, last } = decodeSnapshotChunk(next.value);
    if (last) return;
    yield data;
  }
}
