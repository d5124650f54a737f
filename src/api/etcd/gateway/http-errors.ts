import { STATUS_CODES } from 'node:http';
import { status } from '@grpc/grpc-js';

/** The HTTP status for a gRPC code, by grpc-gateway's table (v1, the one in etcd 3.4 and 3.5). */
export function httpStatusOf(code: status): number {
  switch (code) {
    case status.OK:
      return 200;
    case status.CANCELLED:
      return 408;
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return 400;
    case status.DEADLINE_EXCEEDED:
      return 504;
    case status.NOT_FOUND:
      return 404;
    case status.ALREADY_EXISTS:
    case status.ABORTED:
      return 409;
    case status.PERMISSION_DENIED:
      return 403;
    case status.UNAUTHENTICATED:
      return 401;
    case status.RESOURCE_EXHAUSTED:
      return 429;
    case status.FAILED_PRECONDITION:
      return 412;
    case status.UNIMPLEMENTED:
      return 501;
    case status.UNAVAILABLE:
      return 503;
    default:
      return 500;
  }
}

export function errorBody(code: status, text: string): string {
  return JSON.stringify({ error: text, message: text, code });
}

/** What stands in a stream in place of a result. */
export function streamErrorBody(code: status, text: string): string {
  const http = httpStatusOf(code);
  return JSON.stringify({
    error: { grpc_code: code, http_code: http, message: text, http_status: STATUS_CODES[http] ?? '' },
  });
}
