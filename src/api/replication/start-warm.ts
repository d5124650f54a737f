import { nodeInConfig } from '../../node/config.ts';
import { WarmReplica } from '../../replication/warm/warm-replica.ts';
import { openLevelDisk } from '../../storage/level/level-disk.ts';
import { ClientServer } from '../client-server.ts';
import { HttpServer } from '../http/http-server.ts';
import type { RunningNode, StartOptions } from '../start-node.ts';
import { systemClock } from '../system-clock.ts';
import { VitalsReader } from '../vitals-reader.ts';
import { HotNodes } from './hot-nodes.ts';
import { ReplicaNode } from './replica-node.ts';
import { configuredMembers, usedOf } from './replica-parts.ts';
import { servedWarm } from './served-warm.ts';

/** A warm replica as a process runs it. Errors: those of the config, the data folder and the ports. */
export async function startWarm(options: StartOptions): Promise<Omit<RunningNode, 'state'>> {
  const { config, id, dataFolder, nodeLog } = options;
  const own = nodeInConfig(config, id);
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const disk = await openLevelDisk(dataFolder, { reserveBytes: Math.floor(config.disk.reserveBytes / 4) });
    undo.push(() => disk.close());
    const vitals = await VitalsReader.start(dataFolder);
    undo.push(() => vitals.stop());
    const hotNodes = new HotNodes(own.id, config.nodes);
    undo.push(() => hotNodes.close());
    const replica = await WarmReplica.open({
      id: own.id,
      clock: systemClock,
      nodeLog,
      disk,
      directory: hotNodes,
      requestLimits: config.limits,
      vitals: () => usedOf(vitals),
      membersChanged: (members) => hotNodes.members(members),
    });
    undo.push(() => replica.stop());
    if (replica.members.length > 0) hotNodes.members(replica.members);
    const node = new ReplicaNode({
      id: own.id,
      tier: 'warm',
      clusterId: config.cluster,
      requestLimits: config.limits,
      replica: servedWarm(replica),
      hotNodes,
      configured: configuredMembers(config),
    });
    const clients = new ClientServer(node, config.cluster);
    undo.push(() => clients.close());
    const http = new HttpServer(node, clients.etcd);
    undo.push(() => http.close());
    const client = await clients.listen(own.client, http);
    const httpAddress = await http.listen(own.http);
    const stop = async (): Promise<void> => {
      nodeLog.info('stopping');
      await replica.stop();
      http.close();
      clients.close();
      vitals.stop();
      await disk.close();
      nodeLog.info('stopped');
    };
    // Nothing is left open that would keep the process alive.
    const failed = new Promise<Error>((resolve) => {
      replica.onFailure((error) => {
        const tell = (): void => resolve(error);
        stop().then(tell, tell);
      });
    });
    replica.start();
    nodeLog.info('started', { id: own.id, tier: 'warm' });
    return { addresses: { client, peer: own.peer, http: httpAddress }, failed, stop };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
