import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../../../foundation/statistics.ts';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import { type AgentProcess, startAgentProcess } from '../../dependencies/agent-process.ts';
import { installIn } from '../../dependencies/sandbox.ts';
import type { Run } from './options.ts';

const project = fileURLToPath(new URL('../../../../../', import.meta.url));

/**
 * Real npm, this project's lock file, empty caches of npm each time: through a first agent, a second one, and then in turns directly and through that one, now
 * warm: medians, so that neither the network's mood nor what the machine has read before favours one of them. Needs the network.
 */
export const npmPart: Run = async ({ folder, progress, options }) => {
  const cluster = await startLocalCluster({ folder: join(folder, 'cluster'), hot: 3 });
  const agents: AgentProcess[] = [];
  const timed = async (name: string, registry: string | null): Promise<number> => {
    progress(`npm ${name}`);
    const sandbox = join(folder, name);
    const { wallMs } = await installIn(sandbox, project, registry);
    await rm(sandbox, { recursive: true, force: true });
    return wallMs / 1000;
  };
  try {
    for (const id of ['first', 'second'])
      agents.push(
        await startAgentProcess(id, cluster.endpoints, join(folder, `agent-${id}`), [
          '--metadata-ttl',
          '10m',
        ]),
      );
    const [first, second] = agents;
    if (first === undefined || second === undefined) throw new Error('two agents were started');
    const cold = await timed('through-first', `http://${first.address}`);
    const fromPeer = await timed('through-second', `http://${second.address}`);
    const { peerBytes, upstreamBytes } = (await second.stats()).counts;
    const directly: number[] = [];
    const warmly: number[] = [];
    for (let turn = 0; turn < options.runs; turn++) {
      directly.push(await timed('directly', null));
      warmly.push(await timed('through-warm', `http://${second.address}`));
    }
    const direct = median(directly);
    return [
      { name: 'npm directly', value: direct, unit: 's' },
      { name: 'through a cold agent', value: cold, unit: 's' },
      { name: 'through a second sandbox’s', value: fromPeer, unit: 's' },
      { name: 'through a warm agent', value: median(warmly), unit: 's', atMost: direct },
      {
        name: 'second sandbox: bytes from peers',
        value: (100 * peerBytes) / (peerBytes + upstreamBytes),
        unit: '%',
        atLeast: 95,
      },
    ];
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await cluster.stop();
  }
};
