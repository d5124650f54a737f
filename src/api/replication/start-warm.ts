import { compareLineage } from '../../replication/lineage.ts';
import { TimedDisk } from '../../replication/timed-disk.ts';
import { saidByWarm } from '../../replication/warm/said-by-warm.ts';
import { contentOfWarm } from '../../replication/warm/warm-content.ts';
import { WarmReplica } from '../../replication/warm/warm-replica.ts';
import type { BeyondStart, StartedBeyond } from '../beyond-tiers.ts';
import { ClientServer } from '../client-server.ts';
import { HttpServer } from '../http/http-server.ts';
import { systemClock } from '../system-clock.ts';
import { VitalsReader } from '../vitals-reader.ts';
import { HotNodes } from './hot-nodes.ts';
import { MeasuredLinks } from './measured-links.ts';
import { ReplicaNode } from './replica-node.ts';
import { configuredMembers, ownFacts, usedOf } from './replica-parts.ts';
import { servedWarm } from './served-warm.ts';

/** A warm replica as a member runs it. Errors: those of the data folder and the ports. */
export async function startWarm(options: BeyondStart): Promise<StartedBeyond> {
  const { config, self, dataFolder, disk, lineage, listen, nodeLog, face, failed } = options;
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const hotNodes = new HotNodes(self, config.nodes);
    undo.push(() => hotNodes.close());
    const links = new MeasuredLinks(self, config.nodes);
    undo.push(() => links.stop());
    const timed = new TimedDisk(disk, systemClock);
    const replica: WarmReplica = await WarmReplica.open({
      id: self,
      clock: systemClock,
      nodeLog,
      disk: timed,
      writeMs: () => timed.writeMs,
      own: ownFacts(config, self),
      directory: hotNodes,
      requestLimits: config.limits,
      vitals: () => usedOf(vitals),
      links: () => links.latest,
      accepts: (found) => {
        const own = lineage ?? replica.state.meta?.lineage ?? found;
        return compareLineage(own, found) === 'same';
      },
      membersChanged: (members) => {
        hotNodes.members(members);
        links.members(members);
      },
    });
    undo.push(() => replica.stop());
    if (replica.members.length > 0) {
      hotNodes.members(replica.members);
      links.members(replica.members);
    }
    const node = new ReplicaNode({
      id: self,
      tier: 'warm',
      clusterId: lineage?.clusterId ?? config.cluster,
      requestLimits: config.limits,
      replica: servedWarm(replica),
      hotNodes,
      configured: configuredMembers(config),
    });
    const clients = new ClientServer(node, lineage?.clusterId ?? config.cluster, face);
    undo.push(() => clients.close());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(listen.client, http);
    const httpAddress = await http.listen(listen.http);
    replica.onFailure(failed);
    replica.start();
    nodeLog.info('started', { id: self, tier: 'warm' });
    return {
      addresses: { client, http: httpAddress },
      runtime: {
        kind: 'beyond',
        said: () => saidByWarm(self, replica, hotNodes.routing?.leader ?? null),
        sources: (members) => hotNodes.members(members),
        isWhole: () => replica.state.held !== null,
        pause: async () => {
          await replica.pause();
          return contentOfWarm(replica.state);
        },
        resume: () => replica.resume(),
        stop: async () => {
          nodeLog.info('stopping');
          http.close();
          clients.close();
          await replica.stop();
          links.stop();
          vitals.stop();
          nodeLog.info('stopped');
        },
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
