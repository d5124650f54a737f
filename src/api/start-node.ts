import { randomBytes } from 'node:crypto';
import { defaultScore, defaultSuspicion } from '../failover/options.ts';
import type { NodeId } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import { seededRandom } from '../foundation/random.ts';
import { type ClusterConfig, nodeInConfig } from '../node/config.ts';
import { openNode } from '../node/open-node.ts';
import type { NodeOptions } from '../node/options.ts';
import type { Space } from '../ports/delta.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { StateClient } from '../ports/state-client.ts';
import { openLevelDisk } from '../storage/level/level-disk.ts';
import { GrpcTransport } from '../transport/grpc-transport.ts';
import { ClientServer } from './client-server.ts';
import { HttpServer } from './http/http-server.ts';
import { inProcess } from './in-process.ts';
import { systemClock } from './system-clock.ts';
import { VitalsReader } from './vitals-reader.ts';

export interface StartOptions {
  readonly config: ClusterConfig;
  readonly id: string;
  readonly dataFolder: string;
  readonly nodeLog: NodeLog;
}

export interface RunningNode {
  readonly addresses: { readonly client: string; readonly peer: string; readonly http: string };
  /** Resolves when the node stopped itself, with the reason. */
  readonly failed: Promise<Error>;
  /** The state from inside this process, wherever the leader is. */
  readonly state: (space: Space) => StateClient;
  /** Hands over, flushes, closes. */
  stop(): Promise<void>;
}

/** A node as a process runs it: LevelDB, gRPC, this machine's clock. Errors: those of the config, the data folder and the ports. */
export async function startNode({ config, id, dataFolder, nodeLog }: StartOptions): Promise<RunningNode> {
  const own = nodeInConfig(config, id);
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const disk = await openLevelDisk(dataFolder, { reserveBytes: Math.floor(config.disk.reserveBytes / 4) });
    undo.push(() => disk.close());
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const random = seededRandom(randomBytes(16).toString('hex'));
    const node = await openNode(nodeOptions(config, own.id, dataFolder), {
      clock: systemClock,
      random,
      disk,
      nodeLog,
      vitals: () => vitals.latest,
      transport: (handler, identity) =>
        new GrpcTransport({
          identity,
          listen: own.peer,
          advertise: own.peer,
          peers: new Map(
            config.nodes.filter((node) => node.id !== own.id).map((node) => [node.id, node.peer]),
          ),
          handler,
          clock: systemClock,
          random: random.fork('transport'),
          log: nodeLog,
        }),
    });
    undo.push(() => node.stop());
    const clients = new ClientServer(node, node.identity.clusterId, config.limits.watchProgressMs);
    undo.push(() => clients.close());
    const closing = new AbortController();
    undo.push(() => closing.abort());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(own.client, http);
    const httpAddress = await http.listen(own.http);
    await node.start();
    return {
      addresses: { client, peer: own.peer, http: httpAddress },
      failed: new Promise((resolve) => node.onFailure(resolve)),
      state: inProcess(node, clients.etcd.face, closing.signal),
      stop: async () => {
        closing.abort();
        await node.stop();
        http.close();
        clients.close();
        vitals.stop();
        await disk.close();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

function nodeOptions(config: ClusterConfig, id: NodeId, dataFolder: string): NodeOptions {
  const { timing, limits: configured, disk } = config;
  return {
    id,
    clusterId: config.cluster,
    dataFolder,
    members: config.nodes.map((node) => ({
      id: node.id,
      clientAddress: node.client,
      peerAddress: node.peer,
      httpAddress: node.http,
      tier: node.tier,
      labels: node.labels,
      join: node.join,
    })),
    tickMs: timing.tickMs,
    heartbeatMs: timing.heartbeatMs,
    electionMs: timing.electionMs,
    rankDelayMs: timing.rankDelayMs,
    holdMs: timing.holdMs,
    suspicion: {
      ...defaultSuspicion,
      heartbeatMs: timing.heartbeatMs,
      floorMs: timing.suspicionFloorMs,
      ceilingMs: timing.suspicionCeilingMs,
      phi: timing.suspicionPhi,
      probeMs: timing.probeMs,
    },
    score: defaultScore,
    requestLimits: configured,
    bounds: { sessions: configured.sessions, leases: configured.leases },
    watchers: configured.watchers,
    appendBytes: limits.blockBytes,
    inflightMessages: limits.inflightMessages,
    inflightBytes: limits.inflightBytes,
    uncommittedBytes: configured.uncommittedBytes,
    logMemoryBytes: configured.logMemoryBytes,
    logDiskBytes: configured.logDiskBytes,
    flushEveryMs: 250,
    flushBytes: limits.blockBytes,
    diskReserveBytes: disk.reserveBytes,
    quotaBytes: configured.quotaBytes,
    compaction: config.compaction,
  };
}
