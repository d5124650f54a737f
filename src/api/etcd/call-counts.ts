import {
  type handleBidiStreamingCall,
  type ServerDuplexStream,
  type ServiceError,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { EtcdMethod } from '../../protocol/etcd/methods.ts';

/** Calls of one method since the start: plain numbers that the metrics page reads. */
export class CallCounts {
  readonly service: string;
  readonly method: string;
  readonly type: 'unary' | 'server_stream' | 'bidi_stream';
  started = 0;
  /** By gRPC code. */
  readonly handled: number[] = new Array<number>(status.UNAUTHENTICATED + 1).fill(0);

  constructor({ path, requestStream, responseStream }: EtcdMethod) {
    const [, service = '', method = ''] = path.split('/');
    this.service = service;
    this.method = method;
    this.type = requestStream ? 'bidi_stream' : responseStream ? 'server_stream' : 'unary';
  }

  ended(code: status): void {
    this.handled[code] = (this.handled[code] ?? 0) + 1;
  }
}

export function countedStream(handler: UntypedHandleCall, counts: CallCounts): UntypedHandleCall {
  return (call: ServerDuplexStream<Buffer, Buffer>) => {
    counts.started += 1;
    let code: status | null = null;
    const ended = (as: status): void => {
      if (code === null) counts.ended(as);
      code ??= as;
    };
    call.on('error', (error: Partial<ServiceError>) => ended(error.code ?? status.UNKNOWN));
    call.on('cancelled', () => ended(status.CANCELLED));
    call.on('finish', () => ended(status.OK));
    (handler as handleBidiStreamingCall<Buffer, Buffer>)(call);
  };
}
