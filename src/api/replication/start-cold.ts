import { nodeInConfig } from '../../node/config.ts';
import { ColdReplica, defaultColdOptions } from '../../replication/cold/cold-replica.ts';
import { coldDatabases, openColdStore } from '../../replication/cold/cold-store.ts';
import { openLevelDisk } from '../../storage/level/level-disk.ts';
import { ClientServer } from '../client-server.ts';
import { HttpServer } from '../http/http-server.ts';
import type { RunningNode, StartOptions } from '../start-node.ts';
import { systemClock } from '../system-clock.ts';
import { VitalsReader } from '../vitals-reader.ts';
import { HotNodes } from './hot-nodes.ts';
import { ReplicaNode } from './replica-node.ts';
import { configuredMembers, usedOf } from './replica-parts.ts';
import { servedCold } from './served-cold.ts';
import { collectGarbage } from './small-heap.ts';

/** A cold replica as a process runs it. Errors: those of the config, the data folder and the ports. */
export async function startCold(options: StartOptions): Promise<Omit<RunningNode, 'state'>> {
  const { config, id, dataFolder, nodeLog } = options;
  const own = nodeInConfig(config, id);
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const disk = await openLevelDisk(dataFolder, {
      reserveBytes: Math.floor(config.disk.reserveBytes / 4),
      databases: coldDatabases,
    });
    undo.push(() => disk.close());
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const hotNodes = new HotNodes(own.id, config.nodes);
    undo.push(() => hotNodes.close());
    const { everyMs, keep, keepForMs } = config.snapshots;
    const store = await openColdStore(disk, {
      retention: { keep, keepForMs },
      wallMs: () => systemClock.wallMs(),
    });
    undo.push(() => store.close());
    let broken: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      broken = resolve;
    });
    const replica = new ColdReplica(
      { ...defaultColdOptions, id: own.id, everyMs },
      {
        clock: systemClock,
        nodeLog,
        store,
        directory: hotNodes,
        vitals: () => usedOf(vitals),
        membersChanged: (members) => hotNodes.members(members),
        tidied: collectGarbage,
        broken,
      },
    );
    undo.push(() => replica.stop());
    const served = servedCold(replica, config.limits);
    const node = new ReplicaNode({
      id: own.id,
      tier: 'cold',
      clusterId: config.cluster,
      requestLimits: config.limits,
      replica: served,
      hotNodes,
      configured: configuredMembers(config),
    });
    const clients = new ClientServer(node, config.cluster, null, served);
    undo.push(() => clients.close());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(own.client, http);
    const httpAddress = await http.listen(own.http);
    replica.start();
    nodeLog.info('started', { id: own.id, tier: 'cold' });
    return {
      addresses: { client, peer: own.peer, http: httpAddress },
      failed,
      stop: async () => {
        nodeLog.info('stopping');
        await replica.stop();
        hotNodes.close();
        http.close();
        clients.close();
        vitals.stop();
        await store.close();
        await disk.close();
        nodeLog.info('stopped');
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
