import type { handleUnaryCall, Metadata, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { toServiceError, toTanistError } from './grpc-status.ts';

/** A call with one message each way; what `answer` throws becomes its error. */
export function unary(
  answer: (request: Buffer, metadata: Metadata) => Buffer | Promise<Buffer>,
): handleUnaryCall<Buffer, Buffer> {
  return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    Promise.resolve()
      .then(() => answer(call.request, call.metadata))
      .then(
        (reply) => done(null, reply),
        (error: unknown) => done(toServiceError(toTanistError(error))),
      );
  };
}
