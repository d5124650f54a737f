import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { dialTarget } from '../protocol/dial-target.ts';
import { channelOptions } from './options.ts';

/** A client with a connection of its own, made at the first call. Close it in all cases. */
export function openChannel(address: string): Client {
  return new Client(dialTarget(address), credentials.createInsecure(), channelOptions);
}

/** What a failed call says about its peer. */
export type CallFailure =
  | { readonly kind: 'refused' }
  /** The network or the name service failed: nothing is known of the peer. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'dropped'; readonly detail: string }
  /** The peer answered, and does not want us. */
  | { readonly kind: 'rejected'; readonly detail: string };

export function callFailure(error: ServiceError): CallFailure {
  const detail = error.details || error.message;
  switch (error.code) {
    case status.FAILED_PRECONDITION:
    case status.INVALID_ARGUMENT:
    case status.UNIMPLEMENTED:
    case status.ABORTED:
      return { kind: 'rejected', detail };
    default:
      if (detail.includes('ECONNREFUSED')) return { kind: 'refused' };
      if (/No connection established|Name resolution failed/.test(detail))
        return { kind: 'unreachable', detail };
      return { kind: 'dropped', detail };
  }
}
