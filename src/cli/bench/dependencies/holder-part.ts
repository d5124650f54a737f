import { Agent } from 'node:http';
import { join } from 'node:path';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import { type AgentProcess, startAgentProcess } from '../../dependencies/agent-process.ts';
import type { Figure } from '../parts/figure.ts';
import { fetchAll } from './http-get.ts';
import type { Run } from './options.ts';
import { startSyntheticUpstream } from './synthetic-upstream.ts';

const sizeBytes = 24_000_000;

/**
 * One holder is lost while it gives a large object to a sandbox: killed, or frozen (it falls silent and its socket stays). The longest time in which that
 * sandbox gets nothing from its agent. A second holder has the object, too.
 */
export const holderPart: Run = async ({ options, folder, progress }) => {
  const cluster = await startLocalCluster({ folder: join(folder, 'cluster'), hot: 3 });
  const figures: Figure[] = [];
  try {
    for (const [fault, signal] of [
      ['killed', 'SIGKILL'],
      ['frozen', 'SIGSTOP'],
    ] as const) {
      const gaps: number[] = [];
      for (let run = 0; run < options.runs; run++) {
        progress(`${fault}, run ${run + 1} of ${options.runs}`);
        gaps.push(
          await oneRun(cluster.endpoints, join(folder, `${fault}-${run}`), `${fault}-${run}`, signal),
        );
      }
      gaps.sort((a, b) => a - b);
      figures.push(
        {
          name: `holder ${fault}: longest silence, median`,
          value: gaps[gaps.length >> 1] ?? 0,
          unit: 'ms',
          atMost: 2000,
        },
        {
          name: `holder ${fault}: longest silence, worst of ${gaps.length}`,
          value: gaps.at(-1) ?? 0,
          unit: 'ms',
          atMost: 2000,
        },
      );
    }
    return figures;
  } finally {
    await cluster.stop();
  }
};

async function oneRun(
  endpoints: readonly string[],
  folder: string,
  name: string,
  signal: NodeJS.Signals,
): Promise<number> {
  const upstream = await startSyntheticUpstream([{ name, sizeBytes }]);
  const agents: AgentProcess[] = [];
  const sockets = new Agent({ keepAlive: false });
  try {
    for (const id of ['lost', 'left', 'own'])
      agents.push(
        await startAgentProcess(`${name}-${id}`, endpoints, join(folder, id), ['--registry', upstream.url]),
      );
    const [lost, left, own] = agents;
    if (lost === undefined || left === undefined || own === undefined)
      throw new Error('three agents were started');
    const path = `${name}/-/${name}-1.0.0.tgz`;
    for (const agent of [lost, left]) await fetchAll(`http://${agent.address}/${path}`, sockets);
    await fetchAll(`http://${own.address}/${name}`, sockets);
    let latestMs = performance.now();
    let longestMs = 0;
    let size = 0;
    let isLost = false;
    const got = await fetchAll(`http://${own.address}/${path}`, sockets, (bytes) => {
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - latestMs);
      latestMs = nowMs;
      size += bytes;
      if (isLost || size < sizeBytes / 8) return;
      isLost = true;
      lost.kill(signal);
    });
    if (got !== sizeBytes) throw new Error(`${got} of ${sizeBytes} bytes came`);
    return Math.max(longestMs, performance.now() - latestMs);
  } finally {
    for (const agent of agents) agent.kill('SIGCONT');
    await Promise.all(agents.map((agent) => agent.stop()));
    sockets.destroy();
    upstream.close();
  }
}
