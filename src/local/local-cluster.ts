import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from '../api/start/faults.ts';
import { present } from '../foundation/assert.ts';
import type { Tier } from '../node/config/config.ts';
import { prepareFolder } from '../storage/level/data-folder.ts';
import { type LogRecord, type NodeAddresses, type NodeProcess, startNodeProcess } from './node-process.ts';
import { freePorts } from './ports.ts';

export interface LocalClusterOptions {
  readonly folder: string;
  readonly name?: string;
  readonly hot: number;
  readonly warm?: number;
  readonly cold?: number;
  /** Node n serves clients on `port + 10n`, peers on + 1, HTTP on + 2. Without: free ones. */
  readonly port?: number;
  /** Further sections of the config, such as `tiers`. */
  readonly config?: Readonly<Record<string, object>>;
  /** Of Node.js, for each node. */
  readonly flags?: readonly string[];
  readonly onLog?: (id: string, record: LogRecord) => void;
}

export interface LocalNode {
  readonly id: string;
  readonly tier: Tier;
  readonly pid: number;
  readonly addresses: NodeAddresses;
  readonly exited: NodeProcess['exited'];
  running(): boolean;
}

/** A cluster on this machine, a process a node. Nothing of it outlives this process. */
export interface LocalCluster {
  readonly endpoints: readonly string[];
  readonly nodes: readonly LocalNode[];
  node(id: string): LocalNode;
  /** Resolves as soon as the signal is sent. */
  kill(id: string, signal: NodeJS.Signals): void;
  /** The node ails from now on; in test builds alone. */
  fault(id: string, fault: Fault): void;
  /** Starts a node that has ended, on its own data; resolves when it serves. */
  restart(id: string): Promise<LocalNode>;
  /** Stops all in an orderly way, then by force. */
  stop(): Promise<void>;
}

const stopMs = 5000;

/** Starts all nodes; `onReady` hears of each as it serves. Fails with the first node that can't start, and stops the others. */
export async function startLocalCluster(
  options: LocalClusterOptions,
  onReady: (node: LocalNode) => void = () => undefined,
): Promise<LocalCluster> {
  const plan = await planNodes(options);
  const configFile = join(options.folder, 'cluster.yaml');
  await prepareFolder(join(options.folder, 'logs'));
  // JSON is YAML.
  await writeFile(
    configFile,
    `${JSON.stringify({ cluster: options.name ?? 'local', nodes: plan, ...options.config }, null, 2)}\n`,
  );
  const processes = new Map<string, NodeProcess>();
  const ready = new Map<string, LocalNode>();
  const killAll = (): void => {
    for (const process of processes.values()) process.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAll);
  const start = async (entry: PlannedNode): Promise<LocalNode> => {
    const child = startNodeProcess({
      id: entry.id,
      tier: entry.tier,
      configFile,
      dataFolder: join(options.folder, entry.id),
      logFile: join(options.folder, 'logs', `${entry.id}.log`),
      onLog: options.onLog,
      flags: options.flags,
    });
    processes.set(entry.id, child);
    const addresses = await child.ready;
    const node: LocalNode = {
      id: entry.id,
      tier: entry.tier,
      pid: child.pid,
      addresses,
      exited: child.exited,
      running: child.running,
    };
    ready.set(entry.id, node);
    onReady(node);
    return node;
  };
  const stop = async (): Promise<void> => {
    const running = [...processes.values()].filter((child) => child.running());
    for (const child of running) {
      child.kill('SIGTERM');
      // A stopped process can't heed it.
      child.kill('SIGCONT');
    }
    const force = setTimeout(killAll, stopMs);
    await Promise.all(running.map((child) => child.exited));
    clearTimeout(force);
    process.removeListener('exit', killAll);
  };
  try {
    await Promise.all(plan.map(start));
  } catch (error) {
    killAll();
    await stop();
    throw error;
  }
  const planned = (id: string): PlannedNode =>
    present(
      plan.find((entry) => entry.id === id),
      `no node ${id}`,
    );
  return {
    endpoints: plan.map((entry) => `${entry.host}:${entry.client}`),
    get nodes() {
      return plan.map((entry) => present(ready.get(entry.id), `${entry.id} was ready`));
    },
    node: (id) => present(ready.get(id), `no node ${id}`),
    kill: (id, signal) => present(processes.get(id), `no node ${id}`).kill(signal),
    fault: (id, fault) => present(processes.get(id), `no node ${id}`).fault(fault),
    restart: async (id) => {
      await processes.get(id)?.exited;
      return start(planned(id));
    },
    stop,
  };
}

interface PlannedNode {
  readonly id: string;
  readonly host: string;
  readonly client: number;
  readonly peer: number;
  readonly http: number;
  readonly tier: Tier;
}

async function planNodes(options: LocalClusterOptions): Promise<readonly PlannedNode[]> {
  const tiers: Tier[] = [
    ...Array<Tier>(options.hot).fill('hot'),
    ...Array<Tier>(options.warm ?? 0).fill('warm'),
    ...Array<Tier>(options.cold ?? 0).fill('cold'),
  ];
  const { port } = options;
  const free = port === undefined ? await freePorts(tiers.length * 3) : [];
  const portAt = (node: number, use: number): number =>
    port === undefined ? present(free[node * 3 + use], 'a port each') : port + node * 10 + use;
  return tiers.map((tier, n) => ({
    id: `n${n}`,
    host: '127.0.0.1',
    client: portAt(n, 0),
    peer: portAt(n, 1),
    http: portAt(n, 2),
    tier,
  }));
}
