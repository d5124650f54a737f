import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { CallOptions } from '../../ports/state-client.ts';
import { decodeMessage, encodeMessage } from '../../protocol/etcd/codec.ts';
import { errorOfEtcd } from '../../protocol/etcd/error-texts.ts';
import type { EtcdMethod } from '../../protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../protocol/etcd/schema.ts';
import { method as rawMethod } from '../../protocol/services.ts';
import { callRefusal } from '../core/call-refusal.ts';
import { wasNeverSent } from '../grpc/channel.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

/**
 * `write`: sent once, to one endpoint; whatever then goes wrong leaves its outcome unknown. `read`: sent again, elsewhere, until an answer comes;
 * so is `local`, which any member answers by itself.
 */
export type CallKind = 'write' | 'read' | 'local';

const pauseMs = 10;
/** An endpoint that is silent for so long is left for another one, where that does no harm. */
const silentMs = 2000;

/** Calls of etcd's API: finds an endpoint, keeps deadlines, says what is known about the outcome. */
export class Caller {
  readonly endpoints: Endpoints;
  readonly #deadlineMs: number;

  constructor(endpoints: Endpoints, deadlineMs: number) {
    this.endpoints = endpoints;
    this.#deadlineMs = deadlineMs;
  }

  /** Errors: etcd's by our codes; `deadline-exceeded`, `cancelled`, `indeterminate`, `closed`. */
  async call<Request extends AnySchema, Response extends AnySchema>(
    method: EtcdMethod<Request, Response>,
    request: Given<Request>,
    kind: CallKind,
    options: CallOptions | undefined,
  ): Promise<Message<Response>> {
    const refusal = callRefusal(options);
    if (refusal !== null) throw refusal;
    const bytes = encodeMessage(method.request, request);
    const { signal, deadlineMs = this.#deadlineMs } = options ?? {};
    const giveUpMs = performance.now() + deadlineMs;
    let last = `no endpoint is connected: ${this.endpoints}`;
    while (performance.now() < giveUpMs) {
      const endpoint = await this.endpoints.connected(giveUpMs, signal);
      if (this.endpoints.closed) throw new TanistError('closed', 'the client is closed');
      if (signal?.aborted) throw new TanistError('cancelled', 'the call was cancelled before it was sent');
      if (endpoint === null) break;
      const leftMs = giveUpMs - performance.now();
      const attemptMs = kind === 'write' ? leftMs : Math.min(leftMs, silentMs);
      try {
        return decodeMessage(method.response, await send(endpoint, method, bytes, kind, attemptMs, signal));
      } catch (error) {
        if (!isServiceError(error)) throw error;
        const failure = this.#failureOf(error, endpoint, kind, signal);
        if (!isPassing(failure)) throw failure;
        last = failure.message;
        if (failure.code !== 'overloaded') this.endpoints.suspect(endpoint);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new TanistError('deadline-exceeded', `no answer within ${deadlineMs} ms; ${last}`);
  }

  #failureOf(
    error: ServiceError,
    { address }: Endpoint,
    kind: CallKind,
    signal: AbortSignal | undefined,
  ): TanistError {
    const { code, details } = error;
    const indeterminate = kind === 'write';
    const options = { cause: error, indeterminate };
    if (signal?.aborted) return new TanistError('cancelled', `the call to ${address} was cancelled`, options);
    if (wasNeverSent(error))
      return new TanistError('unavailable', `${address}: ${details}`, { cause: error });
    if (this.endpoints.closed) return new TanistError('closed', 'the client was closed', options);
    if (code === status.DEADLINE_EXCEEDED) {
      const message = `${address} did not answer in time`;
      return indeterminate
        ? new TanistError('deadline-exceeded', message, options)
        : new TanistError('unavailable', message, { cause: error });
    }
    return errorOfEtcd(code, details, indeterminate, { cause: error });
  }
}

/** Nothing of it was applied, and another endpoint, or this one a little later, may answer. */
function isPassing({ retryable, code }: TanistError): boolean {
  return retryable && code !== 'disk-full' && code !== 'deadline-exceeded';
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

/** A member that is cut off from the others then says so, in place of waiting for them. */
export function requireLeader(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}

/** One request, one response; of a stream the first one. */
function send(
  { client }: Endpoint,
  { path, requestStream }: EtcdMethod,
  request: Buffer,
  kind: CallKind,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { requestSerialize, responseDeserialize } = rawMethod(path, requestStream, requestStream);
    const metadata = kind === 'local' ? new Metadata() : requireLeader();
    const options = { deadline: Date.now() + timeoutMs };
    const abort = (): void => call.cancel();
    const settle = (error: Error | null, response: Buffer): void => {
      signal?.removeEventListener('abort', abort);
      if (error === null) resolve(response);
      else reject(error);
    };
    const unary = (): { cancel(): void } =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, response) => settle(error, response ?? Buffer.alloc(0)),
      );
    const stream = (): { cancel(): void } => {
      const duplex = client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        options,
      );
      duplex.once('data', (response: Buffer) => {
        settle(null, response);
        duplex.cancel();
      });
      duplex.on('error', (error: Error) => settle(error, Buffer.alloc(0)));
      duplex.on('end', () => settle(endedEarly, Buffer.alloc(0)));
      duplex.write(request);
      return duplex;
    };
    const call = requestStream ? stream() : unary();
    signal?.addEventListener('abort', abort, { once: true });
  });
}

const endedEarly = Object.assign(new Error('the stream ended without an answer'), {
  code: status.UNAVAILABLE,
  details: 'the stream ended without an answer',
  metadata: new Metadata(),
});
