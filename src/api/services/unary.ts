import type { Metadata } from '@grpc/grpc-js';
import type { UnaryHandler } from '../streams/unary-streams.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';

/** A call with one message each way; what `answer` throws becomes its error. */
export function unary(
  answer: (request: Buffer, metadata: Metadata) => Buffer | Promise<Buffer>,
): UnaryHandler {
  return (request, reply, metadata) => {
    Promise.resolve()
      .then(() => answer(request, metadata))
      .then(
        (response) => reply(null, response),
        (error: unknown) => reply(toServiceError(toTanistError(error)), null),
      );
  };
}
