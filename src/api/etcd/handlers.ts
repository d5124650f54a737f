import type { Metadata, UntypedHandleCall } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../protocol/etcd/codec.ts';
import type { EtcdMethod } from '../../protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../protocol/etcd/schema.ts';
import type { Cancellable, UnaryHandler, UnaryReply } from '../streams/unary-streams.ts';
import { caughtAsEtcdError } from './etcd-error.ts';

/** Aborted when the caller waits no longer. */
export function signalOf(caller: Cancellable | undefined): AbortSignal {
  const gone = new AbortController();
  if (caller?.cancelled === true) gone.abort();
  else caller?.once('cancelled', () => gone.abort());
  return gone.signal;
}

/** What one service has: handlers by the method's path. The JSON gateway calls the unary ones, too. */
export interface ServiceHandlers {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly streams: ReadonlyMap<string, UntypedHandleCall>;
}

/** A unary method for which objects are fast enough. What it throws becomes etcd's error. */
export function unary<Request extends AnySchema, Response extends AnySchema>(
  method: EtcdMethod<Request, Response>,
  answer: (
    request: Message<Request>,
    metadata: Metadata,
    caller?: Cancellable,
  ) => Given<Response> | Promise<Given<Response>>,
): readonly [path: string, handler: UnaryHandler] {
  const handler: UnaryHandler = (bytes, reply, metadata, caller) => {
    Promise.resolve()
      .then(() => answer(decodeMessage(method.request, bytes), metadata, caller))
      .then((given) => encodeMessage(method.response, given))
      .then(
        (response) => reply(null, response),
        (error: unknown) => reply(caughtAsEtcdError(error), null),
      );
  };
  return [method.path, handler];
}

/** The hot ones: what `answer` throws at once becomes etcd's error, later ones go to `reply`. */
export function rawUnary(
  method: EtcdMethod,
  answer: (request: Buffer, reply: UnaryReply, caller?: Cancellable) => void,
): readonly [path: string, handler: UnaryHandler] {
  const handler: UnaryHandler = (bytes, reply, _metadata, caller) => {
    try {
      answer(bytes, reply, caller);
    } catch (error) {
      reply(caughtAsEtcdError(error), null);
    }
  };
  return [method.path, handler];
}
