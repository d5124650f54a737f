import type { Socket } from 'node:net';
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { StateRegistry } from '../../dependencies/registry/state-registry.ts';
import { limits } from '../../foundation/limits.ts';
import type { ServedNode } from '../../node/served-node.ts';
import {
  decodeKeepAliveRequest,
  decodeLeasesRequest,
  decodeTransferRequest,
  emptyMessage,
  encodeKeepAliveReply,
  encodeLeasesReply,
  encodePoliciesReply,
  encodeTransferReply,
} from '../../protocol/operations/administration.ts';
import { encodeBackupChunk } from '../../protocol/operations/backup.ts';
import { measureReply } from '../../protocol/operations/measure.ts';
import { decodeChangeMember, encodeMembersReply } from '../../protocol/operations/membership.ts';
import { decodeRepairRequest } from '../../protocol/operations/scrub.ts';
import { decodePredictionsRequest, encodePredictionsReply } from '../../protocol/predictions.ts';
import { tanistService } from '../../protocol/services.ts';
import { encodeRouting, type Routing } from '../../protocol/status/routing.ts';
import { encodeStatus } from '../../protocol/status/status.ts';
import { encodeTiersReply } from '../../protocol/status/tiers.ts';
import type { DeltaSource } from '../../replication/source/delta-source.ts';
import { dropClosedStreams } from '../../transport/http2-streams.ts';
import { EtcdServices } from '../etcd/etcd-services.ts';
import { ClientPort } from '../front/client-port.ts';
import type { HttpServer } from '../http/http-server.ts';
import { inProcess } from '../in-process.ts';
import { addHealthService } from '../introspection/health-service.ts';
import { addReflectionService } from '../introspection/reflection-service.ts';
import { addReplicationService } from '../replication/replication-service.ts';
import { addSnapshotsService, type ServedSnapshots } from '../replication/snapshots-service.ts';
import { serveUnaryStreams } from '../streams/unary-streams.ts';
import { WatchShares } from '../streams/watch-shares.ts';
import { systemClock } from '../system-clock.ts';
import { BackupStreams } from './backup-stream.ts';
import { addDependenciesService } from './dependencies-service.ts';
import { refusalOfLineage } from './follows-lineage.ts';
import { toServiceError } from './grpc-status.ts';
import { leasesOf, renewed } from './leases-of.ts';
import { addModelsService } from './models-service.ts';
import { NativeServices } from './native-services.ts';
import { predictionsOf } from './predictions-of.ts';
import { addPromotionService, type PromotionFace } from './promotion-service.ts';
import { streamScrub } from './scrub-stream.ts';
import { SessionStream } from './session-stream.ts';
import { statusOf } from './status-of.ts';
import { tiersOf } from './tiers-of.ts';
import { unary } from './unary.ts';
import { WatchStream } from './watch-stream.ts';

/** The gRPC services of the client port. */
export class ClientServer {
  readonly #server: Server;
  readonly #native: NativeServices;
  readonly #node: ServedNode;
  readonly #clusterId: string;
  readonly etcd: EtcdServices;
  readonly #connections = new Set<Socket>();
  readonly #closing = new AbortController();
  #port: ClientPort | null = null;

  /**
   * `source`: what feeds replicas beyond the quorum; `snapshots`: those of a cold one. Null where there is none. `watchProgressMs`: see
   * `EtcdWatchOptions.progressMs`.
   */
  constructor(
    node: ServedNode,
    clusterId: string,
    face: PromotionFace,
    source: DeltaSource | null = null,
    snapshots: ServedSnapshots | null = null,
    watchProgressMs?: number,
  ) {
    this.#node = node;
    this.#clusterId = clusterId;
    setLogVerbosity(logVerbosity.NONE); // grpc-js prints errors that it also hands to us
    this.#server = new Server({
      'grpc.max_receive_message_length': limits.messageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': 65_536,
      'grpc.enable_channelz': 0,
    });
    this.#native = new NativeServices(this.#server);
    const shares = new WatchShares();
    const backups = new BackupStreams(node);
    const ours: typeof unary = (answer) =>
      unary((request, metadata) => {
        const refusal = refusalOfLineage(metadata, node);
        if (refusal !== null) throw refusal;
        return answer(request, metadata);
      });
    const unaries = {
      status: ours(() => encodeStatus(statusOf(node, this.#clusterId))),
      transfer: ours(async (bytes) => encodeTransferReply(await node.transfer(decodeTransferRequest(bytes)))),
      leases: ours(async (bytes) => encodeLeasesReply(await leasesOf(node, decodeLeasesRequest(bytes)))),
      keepAlive: ours(async (bytes) =>
        encodeKeepAliveReply(await renewed(node, decodeKeepAliveRequest(bytes))),
      ),
      tiers: ours(() => encodeTiersReply(tiersOf(node))),
      predictions: ours((bytes) =>
        encodePredictionsReply(predictionsOf(node, decodePredictionsRequest(bytes))),
      ),
      measure: ours(measureReply),
      policies: ours(() => {
        node.checkServes();
        return encodePoliciesReply(node.state.policies());
      }),
      members: ours(() => encodeMembersReply({ clusterId: this.#clusterId, members: node.members() })),
      changeMember: ours(async (bytes) =>
        encodeMembersReply({
          clusterId: this.#clusterId,
          members: await node.changeMember(decodeChangeMember(bytes)),
        }),
      ),
      repair: ours((bytes) => {
        node.repair(decodeRepairRequest(bytes));
        return emptyMessage;
      }),
    };
    this.#native.add(tanistService, unaries, {
      session: (call: ServerDuplexStream<Buffer, Buffer>) => {
        if (this.#isOfOurs(call)) new SessionStream(node, call);
      },
      watch: (call: ServerDuplexStream<Buffer, Buffer>) => {
        if (this.#isOfOurs(call)) new WatchStream(node, call, shares);
      },
      succession: (call: ServerWritableStream<Buffer, Buffer>) => this.#succession(call),
      backup: (call: ServerWritableStream<Buffer, Buffer>) => void backups.stream(call, backupChunk),
      scrub: (call: ServerWritableStream<Buffer, Buffer>) => void streamScrub(node, call),
    });
    addPromotionService(this.#native, face);
    addModelsService(this.#native, node);
    if (source !== null) addReplicationService(this.#native, node, source);
    addSnapshotsService(this.#native, node, snapshots);
    this.etcd = new EtcdServices(node, clusterId, watchProgressMs, shares, backups);
    this.etcd.register(this.#server);
    const planes = inProcess(node, this.etcd.face, this.#closing.signal)('planes');
    addDependenciesService(this.#native, new StateRegistry(planes, systemClock));
    addHealthService(this.#server, node);
    addReflectionService(this.#server);
  }

  /** `http` gets the connections that speak HTTP/1.1. Resolves to the bound address. Fails with `port-taken`. */
  listen(address: string, http: HttpServer): Promise<string> {
    const grpc = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    serveUnaryStreams(this.#server, new Map([...this.#native.direct(), ...this.etcd.direct()]));
    dropClosedStreams(this.#server);
    this.#port = new ClientPort({
      http2: (socket) => {
        this.#connections.add(socket);
        socket.once('close', () => this.#connections.delete(socket));
        grpc.injectConnection(socket);
      },
      http1: (socket) => http.take(socket),
    });
    return this.#port.listen(address);
  }

  close(): void {
    this.#closing.abort();
    this.#port?.close();
    this.etcd.close();
    this.#server.forceShutdown();
    // It leaves connections open; another server of this process may take the port over.
    for (const socket of this.#connections) socket.destroySoon();
  }

  #isOfOurs(call: ServerDuplexStream<Buffer, Buffer>): boolean {
    const refusal = refusalOfLineage(call.metadata, this.#node);
    if (refusal !== null) call.emit('error', toServiceError(refusal));
    return refusal === null;
  }

  #succession(call: ServerWritableStream<Buffer, Buffer>): void {
    // To a client that does not read, only the latest is of interest.
    let latest: Routing | null = this.#node.routing();
    let isWriting = false;
    const write = (): void => {
      if (latest === null || isWriting) return;
      const bytes = encodeRouting(latest);
      latest = null;
      isWriting = true;
      call.write(bytes, () => {
        isWriting = false;
        write();
      });
    };
    const stop = this.#node.onRouting((routing) => {
      latest = routing;
      write();
    });
    call.on('cancelled', stop);
    call.on('error', stop);
    write();
  }
}

function backupChunk(data: Uint8Array, remainingBytes: number, sentBytes: number): Buffer {
  return encodeBackupChunk({ data, totalBytes: sentBytes + remainingBytes });
}
