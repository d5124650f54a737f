import type { ServerWritableStream } from '@grpc/grpc-js';
import type { TanistNode } from '../node/node.ts';
import { encodeBackupChunk } from '../protocol/backup.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';

/** Streams a backup at the client's pace: at most one frame is on its way. */
export async function streamBackup(
  node: TanistNode,
  call: ServerWritableStream<Buffer, Buffer>,
  encode: (chunk: Uint8Array, totalBytes: number) => Buffer = (data, totalBytes) =>
    encodeBackupChunk({ data, totalBytes }),
): Promise<void> {
  const gone = new Promise<'gone'>((resolve) => {
    call.once('cancelled', () => resolve('gone'));
    call.once('error', () => resolve('gone'));
  });
  try {
    const { diskBytes: totalBytes } = await node.maintenance.sizes();
    for await (const chunk of node.backup()) {
      const taken = new Promise<void>((resolve) => call.write(encode(chunk, totalBytes), () => resolve()));
      if ((await Promise.race([taken, gone])) === 'gone') return;
    }
    call.end();
  } catch (error) {
    if (!call.cancelled) call.emit('error', toServiceError(toTanistError(error)));
  }
}
