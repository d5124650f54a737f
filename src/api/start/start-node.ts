import { randomBytes } from 'node:crypto';
import { defaultScore, defaultSuspicion } from '../../failover/options.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { seededRandom } from '../../foundation/random.ts';
import { type ClusterConfig, nodeInConfig } from '../../node/config/config.ts';
import { configuredMembers } from '../../node/config/configured-members.ts';
import type { TanistNode } from '../../node/node.ts';
import { openNode } from '../../node/open-node.ts';
import type { NodeOptions } from '../../node/options.ts';
import type { Disk } from '../../ports/database.ts';
import type { Space } from '../../ports/delta.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { PredictionSource } from '../../ports/prediction.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { nothingToForce } from '../../replication/forced/nothing-to-force.ts';
import { imageOf, saidByNode } from '../../replication/promotion/hot-runtime.ts';
import { DeltaSource } from '../../replication/source/delta-source.ts';
import { latestParts } from '../../replication/source/latest-parts.ts';
import { openLevelDisk } from '../../storage/level/level-disk.ts';
import { GrpcTransport } from '../../transport/grpc-transport.ts';
import { GrpcLinkProbe } from '../../transport/link-probe.ts';
import { startSentinel } from '../../transport/sentinel/sentinel.ts';
import { HttpServer } from '../http/http-server.ts';
import { inProcess } from '../in-process.ts';
import { ClientServer } from '../services/client-server.ts';
import type { PromotionFace } from '../services/promotion-service.ts';
import { systemClock } from '../system-clock.ts';
import { ailingDisk, ailingVitals, distantTransport, type Faults } from './faults.ts';
import { LazyPredictor } from './lazy-predictor.ts';
import { localModels } from './local-models.ts';
import { UsageReader } from './usage-reader.ts';
import { VitalsReader } from './vitals-reader.ts';

export interface StartOptions {
  readonly config: ClusterConfig;
  readonly id: string;
  readonly dataFolder: string;
  readonly nodeLog: NodeLog;
  /** Where it listens, where others reach it in another way than the config says: through a proxy, at a mapped port. */
  readonly listen?: ListenAddresses;
  /** Nothing else runs in this process. */
  readonly ownProcess?: boolean;
  /** In test builds alone. */
  readonly faults?: Faults;
}

export interface ListenAddresses {
  readonly client: string;
  readonly peer: string;
  readonly http: string;
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

/** A hot node as a process runs it: LevelDB, gRPC, this machine's clock. Errors: those of the config, the data folder and the ports. */
export async function startNode(options: StartOptions): Promise<RunningNode> {
  const { config, dataFolder } = options;
  nodeInConfig(config, options.id);
  const reserveBytes = Math.floor(config.disk.reserveBytes / 4);
  const disk = ailingDisk(
    await openLevelDisk(dataFolder, { reserveBytes, clock: systemClock }),
    options.faults,
  );
  try {
    const node = await startHotNode({ ...options, disk });
    return {
      ...node,
      stop: async () => {
        await node.stop(true);
        await disk.close();
      },
    };
  } catch (error) {
    await disk.close();
    throw error;
  }
}

export interface HotNodeOptions extends StartOptions {
  /** What is predicted of keys when this node takes over. */
  readonly predictions?: PredictionSource;
  /** The data folder's; not closed here. */
  readonly disk: Disk;
  /** Of its lineage; default: the config's name, and what its store says. */
  readonly clusterId?: string;
  /** What the member that it is a part of answers about its tier. */
  readonly face?: PromotionFace;
}

export interface HotNode extends Omit<RunningNode, 'stop'> {
  readonly node: TanistNode;
  /** Without `gracefully` leadership is not handed over. */
  stop(gracefully: boolean): Promise<void>;
}

/** The hot node of a member whose folder is open. */
export async function startHotNode(options: HotNodeOptions): Promise<HotNode> {
  const { config, id, dataFolder, nodeLog, disk, face } = options;
  const clusterId = options.clusterId ?? config.cluster;
  const own = nodeInConfig(config, id);
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const predictor = config.prediction.enabled
      ? new LazyPredictor(nodeLog, config.prediction.memoryMb)
      : null;
    undo.push(() => predictor?.close());
    const usage = new UsageReader();
    undo.push(() => usage.stop());
    const random = seededRandom(randomBytes(16).toString('hex'));
    const node = await openNode(
      { ...nodeOptions(config, own.id, dataFolder), clusterId },
      {
        clock: systemClock,
        random,
        disk,
        nodeLog,
        vitals: () => ailingVitals(vitals.latest, options.faults),
        linkProbe: new GrpcLinkProbe(systemClock),
        ...(predictor === null
          ? {}
          : {
              predictor,
              usage: () => usage.latest,
              localModels: () => localModels(config.prediction.models),
            }),
        ...(options.predictions === undefined ? {} : { predictions: options.predictions }),
        transport: (handler, identity) =>
          distantTransport(
            new GrpcTransport({
              identity,
              listen: options.listen?.peer ?? own.peer,
              advertise: own.peer,
              peers: new Map(
                config.nodes.filter((node) => node.id !== own.id).map((node) => [node.id, node.peer]),
              ),
              handler,
              clock: systemClock,
              random: random.fork('transport'),
              log: nodeLog,
              ...(options.ownProcess === true ? { sentinel: startSentinel } : {}),
            }),
            options.faults,
          ),
      },
    );
    undo.push(() => node.stop());
    const source = new DeltaSource({ feed: node.feed, latest: latestParts });
    const clients = new ClientServer(
      node,
      node.identity.clusterId,
      face ?? plainFace(node),
      source,
      null,
      config.limits.watchProgressMs,
    );
    undo.push(() => clients.close());
    const closing = new AbortController();
    undo.push(() => closing.abort());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(options.listen?.client ?? own.client, http);
    const httpAddress = await http.listen(options.listen?.http ?? own.http);
    await node.start();
    const state = inProcess(node, clients.etcd.face, closing.signal);
    const refresher = config.mirrors.refresh
      ? import('./mirror-refresher.ts').then(async ({ startMirrorRefresher }) => {
          const started = await startMirrorRefresher(state('planes'), config.mirrors, id, nodeLog);
          http.alsoShow(() => started.metrics());
          return started;
        })
      : null;
    return {
      node,
      addresses: { client, peer: own.peer, http: httpAddress },
      failed: new Promise((resolve) => node.onFailure(resolve)),
      state,
      stop: async (gracefully) => {
        const stopRefresher = refresher?.then((started) => started.stop());
        // In good order others take its work over at once, else when its lease ends.
        if (gracefully) await stopRefresher;
        closing.abort();
        if (!gracefully) {
          http.close();
          clients.close();
        }
        await node.stop(gracefully);
        http.close();
        clients.close();
        vitals.stop();
        usage.stop();
        await predictor?.close();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** A node that is hot whatever happens. */
function plainFace(node: TanistNode): PromotionFace {
  return {
    said: () => saidByNode(node),
    image: (held) => imageOf(node, held),
    presented: async () => {},
    force: () => Promise.reject(nothingToForce(saidByNode(node))),
  };
}

function nodeOptions(config: ClusterConfig, id: NodeId, dataFolder: string): NodeOptions {
  const { timing, limits: configured, disk } = config;
  return {
    id,
    clusterId: config.cluster,
    dataFolder,
    members: configuredMembers(config),
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
    score: { ...defaultScore, weights: config.score },
    tiers: config.tiers,
    beforeDeath: config.beforeDeath,
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
    scrub: config.scrub,
    prediction: config.prediction,
    learning: config.prediction.learning,
  };
}
