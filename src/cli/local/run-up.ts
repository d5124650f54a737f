import { TanistError } from '../../foundation/errors.ts';
import { type LocalNode, startLocalCluster } from '../../local/local-cluster.ts';
import { workFolder } from '../../local/work-folder.ts';
import { openClient } from '../client.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { stopSignal } from './stop-signal.ts';
import { Warnings } from './warnings.ts';

export interface UpOptions {
  readonly hot: number;
  readonly warm: number;
  readonly cold: number;
  readonly port: number;
  readonly data?: string;
  readonly json?: boolean;
}

/** Runs until a signal. Errors: `unavailable` when no node is left. */
export async function runUp(options: UpOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const stopped = stopSignal();
  const warnings = new Warnings();
  await using folder = await workFolder(options.data, 'tanist-up-');
  const cluster = await startLocalCluster(
    {
      folder: folder.path,
      hot: options.hot,
      warm: options.warm,
      cold: options.cold,
      ...(options.port === 0 ? {} : { port: options.port }),
      onLog: (id, record) => {
        const line = warnings.line(id, record, performance.now());
        if (line !== null) process.stderr.write(`${line}\n`);
      },
    },
    (node) => announce(node, out),
  );
  try {
    const leader = await leaderOf(cluster.endpoints);
    out.document({ ready: true, leader });
    out.say(`\n${out.style.green('ready')}, led by ${out.style.bold(leader)}; data in ${folder.path}. Try:`);
    const endpoints = options.port === 7400 ? '' : `--endpoints ${cluster.endpoints.join(',')} `;
    for (const example of ['put greeting hello', 'get greeting', 'status', 'transfer'])
      out.say(
        `  npx tanist ${example.replace(' ', ` ${endpoints}`)}${example.includes(' ') ? '' : ` ${endpoints}`}`,
      );
    out.say(out.style.dim('Ctrl-C stops the cluster.'));
    const allGone = Promise.all(cluster.nodes.map((node) => departure(node, out))).then(
      () => 'gone' as const,
    );
    if ((await Promise.race([stopped, allGone])) === 'gone')
      throw new TanistError('unavailable', 'every node has ended: why is said above');
  } finally {
    await cluster.stop();
  }
}

function announce(node: LocalNode, out: Output): void {
  const { id, tier, pid, addresses } = node;
  out.document({ id, tier, pid, ...addresses });
  out.say(
    `${out.style.bold(id)}  ${tier}  process ${pid}  clients ${addresses.client}  peers ${addresses.peer}  http ${addresses.http}`,
  );
}

async function departure(node: LocalNode, out: Output): Promise<void> {
  const { code, signal } = await node.exited;
  out.document({ id: node.id, ended: signal ?? code });
  out.say(`${out.style.bold(node.id)} ${out.style.red('ended')} (${signal ?? `exit code ${code}`})`);
}

async function leaderOf(endpoints: readonly string[]): Promise<string> {
  const client = await openClient(endpoints);
  try {
    // A linearizable read needs a leader with a quorum.
    await client.get('\0', { countOnly: true, deadlineMs: 15_000 });
    return (await client.status({ deadlineMs: 5000 })).leader ?? 'nobody';
  } finally {
    await client.close();
  }
}
