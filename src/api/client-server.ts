import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode } from '../node/node.ts';
import {
  decodeKeepAliveRequest,
  decodeLeasesRequest,
  decodeTransferRequest,
  encodeKeepAliveReply,
  encodeLeasesReply,
  encodePoliciesReply,
  encodeTransferReply,
} from '../protocol/administration.ts';
import { encodeRouting, type Routing } from '../protocol/routing.ts';
import { tanistService } from '../protocol/services.ts';
import { encodeStatus } from '../protocol/status.ts';
import type { EtcdFace } from './etcd/etcd-face.ts';
import { EtcdServices } from './etcd/etcd-services.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';
import { leasesOf, renewed } from './leases-of.ts';
import { SessionStream } from './session-stream.ts';
import { statusOf } from './status-of.ts';
import { WatchStream } from './watch-stream.ts';

/** The gRPC services of the client port. */
export class ClientServer {
  readonly #server: Server;
  readonly #node: TanistNode;
  readonly #clusterId: string;
  readonly #etcd: EtcdServices;

  constructor(node: TanistNode, clusterId: string) {
    this.#node = node;
    this.#clusterId = clusterId;
    setLogVerbosity(logVerbosity.NONE); // grpc-js prints errors that it also hands to us
    this.#server = new Server({
      'grpc.max_receive_message_length': limits.messageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': 65_536,
      'grpc.enable_channelz': 0,
    });
    this.#server.addService(tanistService, {
      session: (call: ServerDuplexStream<Buffer, Buffer>) => void new SessionStream(node, call),
      watch: (call: ServerDuplexStream<Buffer, Buffer>) => void new WatchStream(node, call),
      succession: (call: ServerWritableStream<Buffer, Buffer>) => this.#succession(call),
      status: unary(() => encodeStatus(statusOf(node, this.#clusterId))),
      transfer: unary(async (bytes) =>
        encodeTransferReply(await node.transfer(decodeTransferRequest(bytes))),
      ),
      leases: unary((bytes) => encodeLeasesReply(leasesOf(node, decodeLeasesRequest(bytes)))),
      keepAlive: unary(async (bytes) =>
        encodeKeepAliveReply(await renewed(node, decodeKeepAliveRequest(bytes))),
      ),
      policies: unary(() => encodePoliciesReply(node.state.policies())),
    });
    this.#etcd = new EtcdServices(node, clusterId);
    this.#etcd.register(this.#server);
  }

  get etcdFace(): EtcdFace {
    return this.#etcd.face;
  }

  /** Resolves to the bound address. Fails with `port-taken`. */
  listen(address: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) this.#etcd.bound(this.#server);
        if (error === null) resolve(`${address.slice(0, address.lastIndexOf(':'))}:${port}`);
        else
          reject(
            new TanistError(
              'port-taken',
              `cannot listen on ${address} for clients: is it in use? choose another port`,
              { cause: error },
            ),
          );
      });
    });
  }

  close(): void {
    this.#etcd.close();
    this.#server.forceShutdown();
  }

  #succession(call: ServerWritableStream<Buffer, Buffer>): void {
    const send = (routing: Routing): void => void call.write(encodeRouting(routing));
    const stop = this.#node.onRouting(send);
    call.on('cancelled', stop);
    call.on('error', stop);
    send(this.#node.routing());
  }
}

function unary(answer: (request: Buffer) => Buffer | Promise<Buffer>): handleUnaryCall<Buffer, Buffer> {
  return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (reply) => done(null, reply),
        (error: unknown) => done(toServiceError(toTanistError(error))),
      );
  };
}
