import type { ServerWritableStream } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { Clock } from '../../ports/clock.ts';
import { WatchShares } from '../streams/watch-shares.ts';
import { systemClock } from '../system-clock.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';
import { PacedWriter } from './paced-writer.ts';

type Call = ServerWritableStream<Buffer, Buffer>;
/** `remainingBytes`: about how many there will be after this chunk; 0 with the last. */
type Encode = (chunk: Uint8Array, remainingBytes: number, sentBytes: number) => Buffer;

/** A backup keeps what it reads on the disk, however old; a client that takes nothing for so long must begin again. */
const stallMs = 60_000;

/** The backups that clients of one node read, each at its client's pace: at most one frame is on its way. */
export class BackupStreams {
  readonly #node: Pick<ServedNode, 'backup' | 'maintenance'>;
  readonly #clock: Clock;
  readonly #shares = new WatchShares(limits.backupsPerConnection);
  #count = 0;

  constructor(node: Pick<ServedNode, 'backup' | 'maintenance'>, clock: Clock = systemClock) {
    this.#node = node;
    this.#clock = clock;
  }

  /** Never rejects: what goes wrong ends the call. */
  async stream(
    call: Call,
    encode: Encode,
    failure: (error: unknown) => Error = (error) => toServiceError(toTanistError(error)),
  ): Promise<void> {
    const share = this.#shares.of(call);
    if (this.#count >= limits.backups || share.isUsedUp) {
      const message = `${this.#count} backups are being read from this node, and one connection reads ${limits.backupsPerConnection} at most; try again when one has ended`;
      call.emit('error', failure(new TanistError('overloaded', message)));
      return;
    }
    this.#count++;
    share.add(1);
    try {
      await this.#send(call, encode);
    } catch (error) {
      if (!call.cancelled) call.emit('error', failure(error));
    } finally {
      this.#count--;
      share.add(-1);
    }
  }

  async #send(call: Call, encode: Encode): Promise<void> {
    const writer = new PacedWriter(
      call,
      this.#clock,
      stallMs,
      () => new TanistError('deadline-exceeded', `the client has taken nothing for ${stallMs} ms`),
    );
    const { diskBytes } = await this.#node.maintenance.sizes();
    let before: Uint8Array | null = null;
    let sent = 0;
    for await (const chunk of this.#node.backup()) {
      if (writer.isGone) return;
      if (before !== null) {
        sent += before.length;
        await writer.write(encode(before, Math.max(chunk.length, diskBytes - sent), sent));
        if (writer.isGone) return;
      }
      before = chunk;
    }
    if (before !== null) await writer.write(encode(before, 0, sent + before.length));
    if (!writer.isGone) call.end();
  }
}
