import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';

/**
 * Streams a backup at the client's pace: at most one frame is on its way. `encode` also hears about how many bytes there will be after this one; 0 with
 * the last.
 */
export async function streamBackup(
  node: ServedNode,
  call: ServerWritableStream<Buffer, Buffer>,
  encode: (chunk: Uint8Array, remainingBytes: number, sentBytes: number) => Buffer,
  failure: (error: unknown) => Error = (error) => toServiceError(toTanistError(error)),
): Promise<void> {
  const gone = new Promise<'gone'>((resolve) => {
    call.once('cancelled', () => resolve('gone'));
    call.once('error', () => resolve('gone'));
  });
  const write = async (chunk: Uint8Array, remaining: number, sent: number): Promise<boolean> => {
    const taken = new Promise<void>((resolve) => call.write(encode(chunk, remaining, sent), () => resolve()));
    return (await Promise.race([taken, gone])) !== 'gone';
  };
  try {
    const { diskBytes } = await node.maintenance.sizes();
    let before: Uint8Array | null = null;
    let sent = 0;
    for await (const chunk of node.backup()) {
      if (before !== null) {
        sent += before.length;
        if (!(await write(before, Math.max(chunk.length, diskBytes - sent), sent))) return;
      }
      before = chunk;
    }
    if (before !== null && !(await write(before, 0, sent + before.length))) return;
    call.end();
  } catch (error) {
    if (!call.cancelled) call.emit('error', failure(error));
  }
}
