import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { CallOptions } from '../../ports/state-client.ts';
import type { RawMethod } from '../../protocol/services.ts';
import { callRefusal } from '../core/call-refusal.ts';
import { callError } from './channel.ts';

export interface UnaryOptions extends CallOptions {
  readonly deadlineMs: number;
  /** It changes something: fails as indeterminate once it may have been sent. */
  readonly changes?: boolean;
}

/** One call on a channel. Fails with the node's own code, `unavailable`, `deadline-exceeded`, `cancelled` or `not-tanist`. */
export function unary(
  channel: Client,
  address: string,
  method: RawMethod,
  request: Buffer,
  options: UnaryOptions & { readonly metadata?: Metadata },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { signal, deadlineMs } = options;
    const refusal = callRefusal(options);
    if (refusal !== null) {
      reject(refusal);
      return;
    }
    const abort = (): void => call.cancel();
    const call = channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      options.metadata ?? new Metadata(),
      { deadline: new Date(Date.now() + deadlineMs) },
      (error: ServiceError | null, reply?: Buffer) => {
        signal?.removeEventListener('abort', abort);
        // Cancelled, but not by the caller: the member cut its connections.
        if (error?.code === status.CANCELLED && !signal?.aborted) error.code = status.UNAVAILABLE;
        if (error !== null) reject(callError(error, address, options.changes));
        else resolve(reply ?? Buffer.alloc(0));
      },
    );
    signal?.addEventListener('abort', abort, { once: true });
  });
}
