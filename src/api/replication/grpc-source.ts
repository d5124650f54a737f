import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { isErrorCode, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { FollowRequest, ReplicaReport, ReplicaSource, StreamPart } from '../../ports/replication.ts';
import { encodeFollowMessage } from '../../protocol/replication/follow.ts';
import { replicationService } from '../../protocol/services.ts';
import { unpackParts } from './pack-parts.ts';

/** A hot node behind an address. */
export class GrpcSource implements ReplicaSource {
  readonly id: NodeId;
  readonly #channel: () => Client;
  readonly #received: (bytes: number) => void;
  #call: ClientDuplexStream<Buffer, Buffer> | null = null;

  constructor(id: NodeId, channel: () => Client, received: (bytes: number) => void) {
    this.id = id;
    this.#channel = channel;
    this.#received = received;
  }

  async *follow(request: FollowRequest, signal: AbortSignal): AsyncGenerator<StreamPart, void, undefined> {
    const { path, requestSerialize, responseDeserialize } = replicationService.follow;
    const call = this.#channel().makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    this.#call = call;
    call.write(encodeFollowMessage({ kind: 'request', request }));
    try {
      // Read at our pace: what is not read waits at the source.
      for await (const message of call as AsyncIterable<Buffer>) {
        this.#received(message.length);
        yield* await unpackParts(message);
        if (signal.aborted) return;
      }
    } catch (error) {
      throw signal.aborted
        ? new TanistError('unavailable', `${this.id} says nothing`)
        : failureOf(error, this.id);
    } finally {
      signal.removeEventListener('abort', cancel);
      if (this.#call === call) this.#call = null;
      // Its end by our own doing is no error of anyone's.
      call.on('error', () => undefined);
      call.cancel();
    }
  }

  report(report: ReplicaReport): void {
    this.#call?.write(encodeFollowMessage({ kind: 'report', report }));
  }
}

export function failureOf(error: unknown, where: string): TanistError {
  if (error instanceof TanistError) return error;
  const { metadata, details = String(error) } = error as Partial<ServiceError>;
  const code = String(metadata?.get('tanist-code')[0] ?? '');
  return new TanistError(isErrorCode(code) ? code : 'unavailable', `${where}: ${details}`, { cause: error });
}
