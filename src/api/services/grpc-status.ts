import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, TanistError } from '../../foundation/errors.ts';

/**
 * How an error that ends a call looks to a gRPC client: the nearest gRPC code, our own code in the trailer `tanist-code`, an unknown
 * outcome in `tanist-indeterminate`.
 */
export function toServiceError(error: TanistError): ServiceError {
  const metadata = new Metadata();
  metadata.set('tanist-code', error.code);
  if (error.indeterminate) metadata.set('tanist-indeterminate', 'true');
  const code = codeOf(error.code, error.retryable);
  return Object.assign(new Error(error.message), { code, details: error.message, metadata });
}

export function toTanistError(error: unknown): TanistError {
  return error instanceof TanistError
    ? error
    : new TanistError('unavailable', String(error), { cause: error });
}

function codeOf(code: ErrorCode, retryable: boolean): status {
  switch (code) {
    case 'invalid-argument':
    case 'key-empty':
    case 'key-too-large':
    case 'value-too-large':
    case 'transaction-too-large':
    case 'model-invalid':
      return status.INVALID_ARGUMENT;
    case 'unknown-member':
    case 'model-missing':
    case 'sandbox-unknown':
      return status.NOT_FOUND;
    case 'already-contributed':
    case 'sandbox-exists':
      return status.ALREADY_EXISTS;
    case 'overloaded':
    case 'too-many-sessions':
    case 'too-many-watchers':
    case 'too-many-predictions':
    case 'disk-full':
    case 'range-too-large':
      return status.RESOURCE_EXHAUSTED;
    case 'revision-compacted':
    case 'revision-future':
      return status.OUT_OF_RANGE;
    case 'deadline-exceeded':
      return status.DEADLINE_EXCEEDED;
    default:
      return retryable ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
  }
}
