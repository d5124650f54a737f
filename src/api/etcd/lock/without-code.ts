import { type Metadata, status } from '@grpc/grpc-js';
import type { EtcdMethod } from '../../../protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../../protocol/etcd/schema.ts';
import type { Cancellable, UnaryHandler } from '../../streams/unary-streams.ts';
import { caughtAsEtcdError, EtcdError } from '../etcd-error.ts';
import { unary } from '../handlers.ts';

/** As `unary`, with errors as etcd's locks and elections have them: they pass through a client of its own, which takes their codes away. */
export function withoutCode<Request extends AnySchema, Response extends AnySchema>(
  method: EtcdMethod<Request, Response>,
  answer: (request: Message<Request>, caller?: Cancellable) => Promise<Given<Response>>,
): readonly [path: string, handler: UnaryHandler] {
  return unary(method, async (request, _metadata: Metadata, caller) => {
    try {
      return await answer(request, caller);
    } catch (error) {
      throw new EtcdError(status.UNKNOWN, caughtAsEtcdError(error).details);
    }
  });
}
