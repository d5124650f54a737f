import { status } from '@grpc/grpc-js';
import type { EtcdMethod } from '../../protocol/etcd/methods.ts';

/** Calls of one method since the start: plain numbers that the metrics page reads. */
export class CallCounts {
  readonly service: string;
  readonly method: string;
  readonly type: 'unary' | 'server_stream' | 'bidi_stream';
  started = 0;
  /** By gRPC code; unary calls only. */
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
