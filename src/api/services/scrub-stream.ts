import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
import { encodeScrubProgress } from '../../protocol/operations/scrub.ts';
import { systemClock } from '../system-clock.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';

const everyMs = 250;

/** Scrubs this node now. Who asked and went away does not end it. */
export async function streamScrub(
  node: ServedNode,
  call: ServerWritableStream<Buffer, Buffer>,
): Promise<void> {
  const { logBytes, imageBytes } = await node.gauges();
  const before = node.inspect().scrub.bytes;
  const totalBytes = logBytes + imageBytes;
  let over = false;
  let waiting = 0;
  const write = (done: boolean, faults: readonly string[]): void => {
    if (call.cancelled) return;
    const bytes = node.inspect().scrub.bytes - before;
    waiting++;
    call.write(
      encodeScrubProgress({ node: node.id, bytes, totalBytes: Math.max(bytes, totalBytes), done, faults }),
      () => waiting--,
    );
  };
  const tell = (): void => {
    if (over || call.cancelled) return;
    // What a client does not read is old when it does.
    if (waiting === 0) write(false, []);
    systemClock.after(everyMs, tell);
  };
  tell();
  try {
    const faults = await node.scrub();
    over = true;
    write(true, faults);
    call.end();
  } catch (error) {
    over = true;
    if (!call.cancelled) call.emit('error', toServiceError(toTanistError(error)));
  }
}
