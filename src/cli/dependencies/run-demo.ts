import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalCluster } from '../../local/local-cluster.ts';
import { workFolder } from '../../local/work-folder.ts';
import { exitOnSignal } from '../local/stop-signal.ts';
import { figure } from '../terminal/figure.ts';
import { outputTo } from '../terminal/output.ts';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';
import { installIn } from './sandbox.ts';

const project = fileURLToPath(new URL('../../../../', import.meta.url));

/** Two sandboxes install this project's own lock file with empty caches; the second one's bytes come from the first. Leaves nothing behind. */
export async function runDependenciesDemo(options: { readonly json?: boolean }): Promise<void> {
  const out = outputTo(options.json === true);
  exitOnSignal();
  await using folder = await workFolder(undefined, 'tanist-dependencies-');
  const cluster = await startLocalCluster({ folder: join(folder.path, 'cluster'), hot: 3 });
  const agents: AgentProcess[] = [];
  try {
    out.say(`${out.style.green('✔')} three hot replicas serve; data in ${folder.path}`);
    const rows: {
      readonly id: string;
      readonly wallMs: number;
      readonly packages: number;
      readonly peerBytes: number;
      readonly upstreamBytes: number;
    }[] = [];
    for (const id of ['first', 'second']) {
      const agent = await startAgentProcess(id, cluster.endpoints, join(folder.path, id, 'agent'));
      agents.push(agent);
      const { wallMs, packages } = await installIn(
        join(folder.path, id, 'sandbox'),
        project,
        `http://${agent.address}`,
      );
      const { counts } = await agent.stats();
      const { peerBytes, upstreamBytes } = counts;
      rows.push({ id, wallMs, packages, peerBytes, upstreamBytes });
      out.say(
        `${out.style.green('✔')} sandbox ${id}: npm installed ${packages} packages in ${figure(wallMs / 1000)} s; ${megabytes(upstreamBytes)} from upstream, ${megabytes(peerBytes)} from the other sandbox`,
      );
    }
    const second = rows[1];
    const share =
      second === undefined ? 0 : second.peerBytes / Math.max(1, second.peerBytes + second.upstreamBytes);
    out.say(`${figure(100 * share)} % of the second one's bytes came from the first`);
    out.document({ sandboxes: rows, fromPeers: share });
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await cluster.stop();
  }
}

const megabytes = (bytes: number): string => `${figure(bytes / 1e6)} MB`;
