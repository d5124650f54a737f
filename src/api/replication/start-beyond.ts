import { randomBytes } from 'node:crypto';
import { configuredMembers } from '../../node/config/configured-members.ts';
import type { Disk } from '../../ports/database.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import { type BeyondReplica, beyondRuntime } from '../../replication/promotion/beyond-replica.ts';
import { TimedDisk } from '../../replication/timed-disk.ts';
import { HttpServer } from '../http/http-server.ts';
import { ClientServer } from '../services/client-server.ts';
import type { BeyondStart, StartedBeyond } from '../start/beyond-tiers.ts';
import type { StartedPredictor } from '../start/start-predictor.ts';
import { VitalsReader } from '../start/vitals-reader.ts';
import { systemClock } from '../system-clock.ts';
import { HotNodes } from './hot-nodes.ts';
import { MeasuredLinks } from './measured-links.ts';
import { ReplicaNode, type ServedReplica } from './replica-node.ts';
import { ownFacts, usedOf } from './replica-parts.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { ServedSnapshots } from './snapshots-service.ts';

/** What replicas of both tiers are given. */
export interface ReplicaParts {
  /** Random, of this start. */
  readonly start: string;
  readonly disk: Disk;
  readonly directory: HotNodes;
  readonly own: MemberFacts;
  readonly vitals: () => ReturnType<typeof usedOf>;
  readonly writeMs: () => number;
  readonly links: () => MeasuredLinks['latest'];
  readonly membersChanged: (members: readonly MemberFacts[]) => void;
}

/** What a tier makes of them. */
export interface OpenedReplica {
  readonly replica: BeyondReplica;
  readonly served: ServedReplica;
  /** Null: it takes none. */
  readonly snapshots: ServedSnapshots | null;
  /** Null, or absent: it predicts nothing. */
  readonly predictor?: StartedPredictor | null;
}

/** A replica beyond the quorum with its services. Errors: those of the data folder and the ports; then nothing of it is left running. */
export async function startBeyond(
  options: BeyondStart,
  open: (parts: ReplicaParts) => Promise<OpenedReplica>,
): Promise<StartedBeyond> {
  const { config, self, tier, dataFolder, lineage, listen, nodeLog, face } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    closers.push(keepHeapSmall());
    const vitals = await VitalsReader.start(dataFolder);
    closers.push(() => vitals.stop());
    const links = new MeasuredLinks(self, config.nodes);
    closers.push(() => links.stop());
    const hotNodes = new HotNodes(self, config.nodes);
    closers.push(() => hotNodes.close());
    const disk = new TimedDisk(options.disk, systemClock);
    const membersChanged = (members: readonly MemberFacts[]): void => {
      hotNodes.members(members);
      links.members(members);
    };
    const { replica, served, snapshots, predictor } = await open({
      start: randomBytes(8).toString('hex'),
      disk,
      directory: hotNodes,
      own: ownFacts(config, self),
      vitals: () => usedOf(vitals),
      writeMs: () => disk.writeMs,
      links: () => links.latest,
      membersChanged,
    });
    closers.push(() => replica.stop());
    closers.push(() => predictor?.close());
    if (replica.members().length > 0) membersChanged(replica.members());
    const clusterId = lineage?.clusterId ?? config.cluster;
    const node = new ReplicaNode({
      id: self,
      tier,
      clusterId,
      requestLimits: config.limits,
      replica: served,
      hotNodes,
      configured: configuredMembers(config),
      prediction: predictor?.prediction ?? null,
    });
    const clients = new ClientServer(node, clusterId, face, null, snapshots);
    closers.push(() => clients.close());
    const http = new HttpServer(node, clients.etcd);
    closers.push(() => http.close());
    const client = await clients.listen(listen.client, http);
    const addresses = { client, http: await http.listen(listen.http) };
    replica.start();
    predictor?.prediction.start();
    nodeLog.info('started', { id: self, tier });
    const runtime = beyondRuntime(replica, {
      leader: () => hotNodes.leader,
      sources: (members) => hotNodes.members(members),
      stop: async () => {
        nodeLog.info('stopping');
        await closeAll();
        nodeLog.info('stopped');
      },
    });
    return { addresses, runtime, prediction: predictor?.prediction ?? null };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
