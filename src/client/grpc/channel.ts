import { type ChannelOptions, Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { isErrorCode, TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import { dialTarget } from '../../protocol/dial-target.ts';
import { troubleOf } from './trouble.ts';

/**
 * One connection, made once: whoever loses it makes another, so grpc-js's own reconnecting with its back-off plays no part. Pings find a
 * peer that vanished without a word.
 */
const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': limits.messageBytes,
  'grpc.max_send_message_length': limits.messageBytes,
  'grpc.keepalive_time_ms': 2000,
  'grpc.keepalive_timeout_ms': 1000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};

export function openChannel(address: string): Client {
  return new Client(dialTarget(address), credentials.createInsecure(), channelOptions);
}

/** Where there is something else than Tanist behind an address: another gRPC service, or no gRPC at all. */
export function isForeign(error: ServiceError): boolean {
  return error.code === status.UNIMPLEMENTED || /protocol error|parse error/i.test(error.details);
}

function isServiceError(error: ServiceError | Error): error is ServiceError {
  return 'code' in error && 'details' in error;
}

/** As grpc-js says it when a call found no connection. */
export function wasNeverSent({ code, details }: ServiceError): boolean {
  return code === status.UNAVAILABLE && /^(No connection established|Name resolution failed)/.test(details);
}

/** Trailers by which a node says its own error code, beside gRPC's, and that the outcome is unknown. */
export const codeTrailer = 'tanist-code';
export const indeterminateTrailer = 'tanist-indeterminate';

/** What is said of a call that changes something, where only the node could say whether it did. */
const maybe = '; it may have been applied: look before trying again';

/**
 * A failed call as an error of ours. One that `changes` something is indeterminate as soon as it may have been sent, unless the node itself says
 * what became of it. A stream may also fail by an error of Node's own (a write to one that was just destroyed), which has no details.
 */
export function callError(error: ServiceError | Error, address: string, changes = false): TanistError {
  if (!isServiceError(error))
    return new TanistError('unavailable', `${address}: ${error.message}`, { cause: error });
  const own = String(error.metadata?.get(codeTrailer)[0] ?? '');
  if (isErrorCode(own)) {
    const indeterminate = (error.metadata?.get(indeterminateTrailer).length ?? 0) > 0;
    return indeterminate
      ? new TanistError(own, error.details, { indeterminate })
      : new TanistError(own, error.details);
  }
  if (isForeign(error)) {
    return new TanistError('not-tanist', `${address} answers, but it is not a Tanist node's client address`);
  }
  const indeterminate = changes && !wasNeverSent(error);
  const options = { cause: error, indeterminate };
  const outcome = indeterminate ? maybe : '';
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new TanistError('deadline-exceeded', `${address} did not answer in time${outcome}`, options);
  }
  if (error.code === status.CANCELLED)
    return new TanistError('cancelled', `the call was cancelled${outcome}`, options);
  return new TanistError('unavailable', `${address}: ${troubleOf(error.details)}${outcome}`, options);
}
