import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/etcd/codec.ts';
import type { EtcdMethod } from '../../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Given } from '../../../../src/protocol/etcd/schema.ts';

export type Answer =
  | { readonly kind: 'message'; readonly message: object }
  | { readonly kind: 'error'; readonly code: number; readonly details: string };

/** Calls of etcd's API over objects; errors are answers. */
export class RawClient {
  readonly #client: Client;

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
  }

  call<Request extends AnySchema>(method: EtcdMethod<Request>, request: Given<Request>): Promise<Answer> {
    return this.callBytes(method, encodeMessage(method.request, request));
  }

  callBytes(method: EtcdMethod, request: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        method.path,
        same,
        same,
        request,
        { deadline: Date.now() + 30_000 },
        (error: ServiceError | null, bytes?: Buffer) => {
          if (error !== null) resolve({ kind: 'error', code: error.code, details: error.details });
          else resolve({ kind: 'message', message: decodeMessage(method.response, bytes!) as object });
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

const same = (bytes: Buffer): Buffer => bytes;
