import { contentOfCold } from '../../replication/cold/cold-content.ts';
import { ColdReplica, defaultColdOptions } from '../../replication/cold/cold-replica.ts';
import { openColdStore } from '../../replication/cold/cold-store.ts';
import { saidByCold } from '../../replication/cold/said-by-cold.ts';
import { compareLineage } from '../../replication/lineage.ts';
import { TimedDisk } from '../../replication/timed-disk.ts';
import type { BeyondStart, StartedBeyond } from '../beyond-tiers.ts';
import { ClientServer } from '../client-server.ts';
import { HttpServer } from '../http/http-server.ts';
import { systemClock } from '../system-clock.ts';
import { VitalsReader } from '../vitals-reader.ts';
import { HotNodes } from './hot-nodes.ts';
import { MeasuredLinks } from './measured-links.ts';
import { ReplicaNode } from './replica-node.ts';
import { configuredMembers, ownFacts, usedOf } from './replica-parts.ts';
import { servedCold } from './served-cold.ts';
import { collectGarbage } from './small-heap.ts';

/** A cold replica as a member runs it. Errors: those of the data folder and the ports. */
export async function startCold(options: BeyondStart): Promise<StartedBeyond> {
  const { config, self, dataFolder, disk, lineage, listen, nodeLog, face, failed } = options;
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const hotNodes = new HotNodes(self, config.nodes);
    undo.push(() => hotNodes.close());
    const { everyMs, keep, keepForMs } = config.snapshots;
    const links = new MeasuredLinks(self, config.nodes);
    undo.push(() => links.stop());
    const timed = new TimedDisk(disk, systemClock);
    const store = await openColdStore(timed, {
      retention: { keep, keepForMs },
      wallMs: () => systemClock.wallMs(),
    });
    undo.push(() => store.close());
    const replica = new ColdReplica(
      { ...defaultColdOptions, id: self, everyMs },
      {
        clock: systemClock,
        nodeLog,
        store,
        directory: hotNodes,
        vitals: () => usedOf(vitals),
        writeMs: () => timed.writeMs,
        links: () => links.latest,
        own: ownFacts(config, self),
        accepts: (found) => compareLineage(lineage ?? store.newest?.lineage ?? found, found) === 'same',
        membersChanged: (members) => {
          hotNodes.members(members);
          links.members(members);
        },
        tidied: collectGarbage,
        broken: failed,
      },
    );
    undo.push(() => replica.stop());
    const known = store.newest?.members ?? [];
    if (known.length > 0) {
      hotNodes.members(known);
      links.members(known);
    }
    const clusterId = lineage?.clusterId ?? config.cluster;
    const served = servedCold(replica, config.limits);
    const node = new ReplicaNode({
      id: self,
      tier: 'cold',
      clusterId,
      requestLimits: config.limits,
      replica: served,
      hotNodes,
      configured: configuredMembers(config),
    });
    const clients = new ClientServer(node, clusterId, face, null, served);
    undo.push(() => clients.close());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(listen.client, http);
    const httpAddress = await http.listen(listen.http);
    replica.start();
    nodeLog.info('started', { id: self, tier: 'cold' });
    return {
      addresses: { client, http: httpAddress },
      runtime: {
        kind: 'beyond',
        said: () => saidByCold(self, replica, hotNodes.routing?.leader ?? null),
        sources: (members) => hotNodes.members(members),
        isWhole: () => store.held() !== null,
        pause: async () => {
          await replica.pause();
          return contentOfCold(store);
        },
        resume: () => replica.resume(),
        stop: async () => {
          nodeLog.info('stopping');
          http.close();
          clients.close();
          await replica.stop();
          hotNodes.close();
          links.stop();
          await store.close();
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
