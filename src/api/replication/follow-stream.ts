import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { FollowRequest, ReplicaSource, StreamPart } from '../../ports/replication.ts';
import { decodeFollowMessage } from '../../protocol/replication/follow.ts';
import { partBound } from '../../protocol/replication/parts.ts';
import { toServiceError, toTanistError } from '../services/grpc-status.ts';
import { packParts } from './pack-parts.ts';

/** Parts that belong to one mark go together, up to this. */
const messageBytes = 256 * 1024;
/** Written and not yet taken by the replica: beyond it nothing more is asked of the source. */
const mostWaitingBytes = 1024 * 1024;
/** One that takes nothing for so long is gone, or lost its way. */
const stallMs = 30_000;

/** One replica that follows this node. What it does not take stays where it is; the source goes on from history then. */
export class FollowStream {
  readonly #source: ReplicaSource;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #closing = new AbortController();
  /** Who follows; null: nobody has asked yet. */
  #replica: NodeId | null = null;
  #waitingBytes = 0;
  #taken: (() => void) | null = null;

  constructor(source: ReplicaSource, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#source = source;
    this.#call = call;
    call.on('data', (bytes: Buffer) => this.#received(bytes));
    call.on('end', () => this.#close());
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  #received(bytes: Buffer): void {
    if (this.#closing.signal.aborted) return;
    try {
      const message = decodeFollowMessage(bytes);
      if (message.kind === 'report') {
        // What is said of a replica counts for who leads and who is promoted: only of itself, and only by one that is fed.
        if (message.report.id !== this.#replica)
          throw new TanistError('invalid-argument', 'a replica reports of itself, once it follows');
        this.#source.report(message.report);
      } else if (this.#replica !== null)
        throw new TanistError('invalid-argument', 'a stream is followed once');
      else {
        this.#replica = message.request.replica;
        this.#follow(message.request).then(
          () => this.#end(),
          (error: unknown) => this.#fail(error),
        );
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #follow(request: FollowRequest): Promise<void> {
    let gathered: StreamPart[] = [];
    let bytes = 0;
    for await (const part of this.#source.follow(request, this.#closing.signal)) {
      gathered.push(part);
      bytes += partBound(part);
      if (part.kind !== 'mark' && bytes < messageBytes) continue;
      await this.#write(gathered);
      gathered = [];
      bytes = 0;
    }
    if (gathered.length > 0) await this.#write(gathered);
  }

  async #write(parts: readonly StreamPart[]): Promise<void> {
    const message = await packParts(parts);
    if (this.#closing.signal.aborted) return;
    this.#waitingBytes += message.length;
    this.#call.write(message, () => {
      this.#waitingBytes -= message.length;
      if (this.#waitingBytes <= mostWaitingBytes) this.#taken?.();
    });
    if (this.#waitingBytes > mostWaitingBytes) await this.#room();
  }

  #room(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#taken = null;
        reject(new TanistError('overloaded', 'the replica takes nothing; begin again from its last mark'));
      }, stallMs);
      this.#taken = () => {
        clearTimeout(timer);
        this.#taken = null;
        resolve();
      };
    });
  }

  #end(): void {
    const wasOpen = !this.#closing.signal.aborted;
    this.#close();
    if (wasOpen) this.#call.end();
  }

  #fail(error: unknown): void {
    const wasOpen = !this.#closing.signal.aborted;
    this.#close();
    if (wasOpen) this.#call.emit('error', toServiceError(toTanistError(error)));
  }

  #close(): void {
    this.#closing.abort();
    this.#taken?.();
  }
}
