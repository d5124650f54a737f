import { Agent } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../api/system-clock.ts';
import { startAgent } from '../../../dependencies/agent/agent.ts';
import { agentDefaults, type RunningAgent } from '../../../dependencies/agent/options.ts';
import { configFor } from '../../../dependencies/npm/npm-config.ts';
import { StateRegistry } from '../../../dependencies/registry/state-registry.ts';
import { seededRandom } from '../../../foundation/random.ts';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import { openClient } from '../../client.ts';
import { lockedSizes } from './fleet-sequences.ts';
import { fetchAll } from './http-get.ts';
import type { Run } from './options.ts';
import { startSyntheticUpstream, type UpstreamPackage } from './synthetic-upstream.ts';

const lockFile = fileURLToPath(new URL('../../../../../package-lock.json', import.meta.url));
const socketsEach = 8;

/**
 * Many sandboxes at a time ask for everything that this project's lock file names (of drawn bytes), metadata and tarballs, at an empty cluster. The agents share
 * one process here; the cluster has three of its own.
 */
export const fleetPart: Run = async ({ options, folder, progress, say }) => {
  const packages = await lockedSizes(lockFile);
  const upstream = await startSyntheticUpstream(packages);
  const cluster = await startLocalCluster({ folder: join(folder, 'cluster'), hot: 3 });
  const client = await openClient(cluster.endpoints);
  const agents: RunningAgent[] = [];
  try {
    const start = async (id: string): Promise<RunningAgent> => {
      const agent = await startAgent(
        { ...agentDefaults, id, cacheFolder: join(folder, id) },
        {
          registry: new StateRegistry(client.inSpace('planes'), systemClock),
          npm: configFor(upstream.url),
          clock: systemClock,
          say: () => undefined,
        },
      );
      agents.push(agent);
      return agent;
    };
    progress(`${options.agents} agents start`);
    for (let i = 0; i < options.agents; i++) await start(`a${i}`);
    progress(`${options.agents} agents × ${packages.length} packages`);
    const startMs = performance.now();
    await Promise.all(agents.map((agent, i) => install(agent, packages, i)));
    const wallMs = performance.now() - startMs;
    const one = upstream.metadataBytes + upstream.tarballBytes;
    const { metadataBytes, tarballBytes } = upstream.sent;
    say(
      `${packages.length} packages, ${Math.round(one / 1e6)} MB a copy, ${options.agents} copies in ${(wallMs / 1000).toFixed(1)} s`,
    );
    progress('one more agent');
    const late = await start('late');
    await install(late, packages, 0);
    const { peerBytes, upstreamBytes } = late.stats().counts;
    return [
      {
        name: 'upstream bytes, of one copy',
        value: (metadataBytes + tarballBytes) / one,
        unit: '×',
        atMost: 1.1,
      },
      { name: 'of tarballs alone', value: tarballBytes / upstream.tarballBytes, unit: '×', atMost: 1.1 },
      {
        name: 'a later sandbox: bytes from peers',
        value: (100 * peerBytes) / (peerBytes + upstreamBytes),
        unit: '%',
        atLeast: 95,
      },
      {
        name: 'wrong bytes seen',
        value: agents.reduce((sum, agent) => sum + agent.stats().counts.mismatches, 0),
        unit: '',
        atMost: 0,
      },
    ];
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await client.close();
    await cluster.stop();
    upstream.close();
  }
};

/** As npm asks: metadata, then the tarball, several packages at a time; each sandbox in a slightly different order. */
async function install(
  agent: RunningAgent,
  packages: readonly UpstreamPackage[],
  seed: number,
): Promise<void> {
  const random = seededRandom(`install ${seed}`);
  const order = packages
    .map((each, i) => ({ each, at: i + 20 * random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
  const sockets = new Agent({ keepAlive: true, maxSockets: socketsEach });
  let next = 0;
  const work = async (): Promise<void> => {
    for (let each = order[next++]; each !== undefined; each = order[next++]) {
      const base = `http://${agent.address}/${each.name}`;
      await fetchAll(base, sockets);
      const size = await fetchAll(`${base}/-/${each.name.split('/').at(-1)}-1.0.0.tgz`, sockets);
      if (size !== each.sizeBytes) throw new Error(`${each.name}: ${size} of ${each.sizeBytes} bytes came`);
    }
  };
  await Promise.all(Array.from({ length: socketsEach }, work));
  sockets.destroy();
}
