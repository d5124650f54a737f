import type {
  Server,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ServedNode } from '../../node/served-node.ts';
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
import { BackupStreams } from '../services/backup-stream.ts';
import { handledByGrpc, type UnaryHandler, type UnaryMethod } from '../streams/unary-streams.ts';
import { WatchShares } from '../streams/watch-shares.ts';
import { authService } from './auth/auth-service.ts';
import { CallCounts, countedStream } from './call-counts.ts';
import { clusterService } from './cluster/cluster-service.ts';
import { electionService } from './election/election-service.ts';
import { caughtAsEtcdError, etcdError } from './etcd-error.ts';
import { EtcdFace } from './etcd-face.ts';
import type { ServiceHandlers } from './handlers.ts';
import { kvService } from './kv/kv-service.ts';
import { leaseService } from './lease/lease-service.ts';
import { lockService } from './lock/lock-service.ts';
import { maintenanceService } from './maintenance/maintenance-service.ts';
import { watchService } from './watch/watch-service.ts';

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

/** They wait for others for as long as the caller's deadline lets them, which grpc-js watches; their answers are small. */
const waiting: ReadonlySet<string> = new Set([lockMethods.lock.path, electionMethods.campaign.path]);

/** etcd's API on the node's client port. What nobody serves is answered as UNIMPLEMENTED. */
export class EtcdServices {
  readonly face: EtcdFace;
  /** By path. */
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  /** By path; they take a call of grpc-js. */
  readonly streams: ReadonlyMap<string, UntypedHandleCall>;
  readonly #counts = new Map<string, CallCounts>();
  readonly #parts: readonly ServiceHandlers[];

  constructor(
    node: ServedNode,
    cluster: string,
    watchProgressMs?: number,
    shares: WatchShares = new WatchShares(),
    backups: BackupStreams = new BackupStreams(node),
  ) {
    this.face = new EtcdFace(node, cluster);
    this.#parts = [
      kvService(this.face),
      watchService(this.face, shares, watchProgressMs),
      leaseService(this.face),
      lockService(this.face),
      electionService(this.face, shares),
      authService(this.face),
      clusterService(this.face),
      maintenanceService(this.face, backups),
    ];
    this.unary = new Map(
      this.#parts.flatMap((part) =>
        [...part.unary].map(([path, handler]) => [path, withLeader(this.face, handler)]),
      ),
    );
    this.streams = new Map(this.#parts.flatMap((part) => [...part.streams]));
  }

  /** Of what came over gRPC. */
  get calls(): readonly CallCounts[] {
    return [...this.#counts.values()];
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
        const counts = new CallCounts(method);
        if (unary !== undefined) implementation[name] = handledByGrpc(countedUnary(unary, counts));
        else if (stream !== undefined) implementation[name] = countedStream(stream, counts);
        else continue;
        this.#counts.set(path, counts);
      }
      server.addService(definition, implementation);
    }
  }

  /** What can be served on its HTTP/2 stream, by path. */
  direct(): ReadonlyMap<string, UnaryMethod> {
    const methods = new Map<string, UnaryMethod>();
    for (const [path, handler] of this.unary) {
      const counts = this.#counts.get(path);
      if (counts !== undefined && !waiting.has(path)) methods.set(path, countedUnary(handler, counts));
    }
    return methods;
  }

  close(): void {
    this.face.close();
  }
}

function countedUnary(handler: UnaryHandler, counts: CallCounts): UnaryMethod {
  return { handler, counts, caught: caughtAsEtcdError, overloaded: () => etcdError('tooManyRequests') };
}

/** A caller may insist on a leader (`hasleader: true`), even for what this node could answer alone. */
function withLeader(face: EtcdFace, handler: UnaryHandler): UnaryHandler {
  return (request, reply, metadata, caller) => {
    if (face.node.routing().leader === null && metadata.get('hasleader')[0] === 'true')
      reply(etcdError('noLeader'), null);
    else handler(request, reply, metadata, caller);
  };
}
