import {
  type handleBidiStreamingCall,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { TanistNode } from '../../node/node.ts';
import {
  authMethods,
  clusterMethods,
  type EtcdMethod,
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
  maintenanceMethods,
  watchMethods,
} from '../../protocol/etcd/methods.ts';
import { method as rawMethod } from '../../protocol/services.ts';
import { authService } from './auth/auth-service.ts';
import { CallCounts } from './call-counts.ts';
import { EtcdFace } from './etcd-face.ts';
import type { ServiceHandlers, UnaryHandler } from './handlers.ts';
import { kvService } from './kv/kv-service.ts';
import { serveUnaryStreams } from './unary-streams.ts';

const services: readonly Readonly<Record<string, EtcdMethod>>[] = [
  kvMethods,
  watchMethods,
  leaseMethods,
  clusterMethods,
  maintenanceMethods,
  authMethods,
  lockMethods,
  electionMethods,
];

/** etcd's API on the node's client port. What nobody serves is answered as UNIMPLEMENTED. */
export class EtcdServices {
  readonly face: EtcdFace;
  /** By path. */
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  /** By path; they take a call of grpc-js. */
  readonly streams: ReadonlyMap<string, UntypedHandleCall>;
  readonly #counted = new Map<string, CallCounts>();
  readonly #parts: readonly ServiceHandlers[];

  constructor(node: TanistNode, cluster: string) {
    this.face = new EtcdFace(node, cluster);
    this.#parts = [kvService(this.face), authService(this.face)];
    this.unary = new Map(this.#parts.flatMap((part) => [...part.unary]));
    this.streams = new Map(this.#parts.flatMap((part) => [...part.streams]));
  }

  /** Of what came over gRPC. */
  get calls(): readonly CallCounts[] {
    return [...this.#counted.values()];
  }

  register(server: Server): void {
    for (const methods of services) {
      const definition: Record<string, ServiceDefinition[string]> = {};
      const implementation: UntypedServiceImplementation = {};
      for (const [name, method] of Object.entries(methods)) {
        const { path, requestStream, responseStream } = method;
        definition[name] = rawMethod(path, requestStream, responseStream);
        const unary = this.unary.get(path);
        const stream = this.streams.get(path);
        if (unary !== undefined) implementation[name] = handleUnary(unary, this.#counts(method));
        else if (stream !== undefined) implementation[name] = handleStream(stream, this.#counts(method));
      }
      server.addService(definition, implementation);
    }
  }

  #counts(method: EtcdMethod): CallCounts {
    const counts = new CallCounts(method);
    this.#counted.set(method.path, counts);
    return counts;
  }

  /** To be called when the server listens. */
  bound(server: Server): void {
    const hot = [...(this.#parts[0]?.unary ?? [])].flatMap(([path, handler]) => {
      const counts = this.#counted.get(path);
      return counts === undefined ? [] : [[path, { handler, counts }] as const];
    });
    serveUnaryStreams(server, new Map(hot));
  }

  close(): void {
    this.face.close();
  }
}

function handleUnary(handler: UnaryHandler, counts: CallCounts) {
  return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    counts.started += 1;
    handler(
      call.request,
      (error, response) => {
        counts.ended(error === null ? status.OK : error.code);
        done(error, response);
      },
      call.metadata,
    );
  };
}

function handleStream(handler: UntypedHandleCall, counts: CallCounts): UntypedHandleCall {
  return (call: ServerDuplexStream<Buffer, Buffer>) => {
    counts.started += 1;
    (handler as handleBidiStreamingCall<Buffer, Buffer>)(call);
  };
}
