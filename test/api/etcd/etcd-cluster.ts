import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type RunningNode, startNode } from '../../../src/api/start/start-node.ts';
import { freePorts } from '../../../src/local/ports.ts';
import { parseClusterConfig, type TimingConfig } from '../../../src/node/config/config.ts';
import type { NodeLog } from '../../../src/ports/node-log.ts';

const silent: NodeLog = { info: () => {}, warn: () => {}, error: () => {} };

export interface EtcdTestCluster {
  /** host:port of each node's client port, by node. */
  readonly endpoints: readonly string[];
  readonly nodes: readonly RunningNode[];
  /** Stops one in an orderly way; its data stay. */
  stopNode(index: number): Promise<void>;
  /** Starts a stopped one again. */
  startNode(index: number): Promise<void>;
  /** The index of the node that serves writes; waits for one. */
  leader(): Promise<number>;
  stop(): Promise<void>;
}

/** A leader is not doubted for a while, however busy the machine is: for tests in which an election would be a disturbance. */
export const patient = { electionMs: 3000, suspicionFloorMs: 2000, suspicionCeilingMs: 3000 } as const;

/** `extra`: further sections of the config. Real nodes on disk and on free ports, in this process, with a leader when it resolves. */
export async function startEtcdCluster(
  count: number,
  timing: Partial<TimingConfig> = {},
  extra: object = {},
): Promise<EtcdTestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-etcd-'));
  const ports = await freePorts(count * 3);
  const config = parseClusterConfig(
    JSON.stringify({
      cluster: 'etcd-test',
      timing,
      ...extra,
      nodes: Array.from({ length: count }, (_, i) => ({
        id: `n${i}`,
        client: ports[i * 3],
        peer: ports[i * 3 + 1],
        http: ports[i * 3 + 2],
      })),
    }),
  );
  const nodes: (RunningNode | null)[] = [];
  const start = async (i: number): Promise<void> => {
    const id = `n${i}`;
    nodes[i] = await startNode({ config, id, dataFolder: join(folder, id), nodeLog: silent });
  };
  const leader = async (): Promise<number> => {
    const untilMs = Date.now() + 30_000;
    for (;;) {
      for (let i = 0; i < count; i++) {
        const http = nodes[i]?.addresses.http;
        if (http === undefined) continue;
        const answer = await fetch(`http://${http}/primary`).catch(() => null);
        if (answer?.status === 200) return i;
      }
      if (Date.now() > untilMs) throw new Error('no leader within 30 s');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node?.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(Array.from({ length: count }, (_, i) => start(i)));
    await leader();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoints: config.nodes.map(({ client }) => client),
    get nodes() {
      return nodes.filter((node) => node !== null);
    },
    stopNode: async (i) => {
      await nodes[i]?.stop();
      nodes[i] = null;
    },
    startNode: start,
    leader,
    stop,
  };
}

export interface ToolAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `etcdctl` against `endpoints`. Never rejects for its exit code. */
export function etcdctl(
  endpoints: readonly string[],
  args: readonly string[],
  input?: string,
): Promise<ToolAnswer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'etcdctl',
      ['--endpoints', endpoints.join(','), ...args],
      { env: { ...process.env, ETCDCTL_API: '3' }, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      },
    );
    // It may be gone before it has read anything.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** Whether a program is on the PATH; a notice in the test's log when it is not. `const has = await tool(t, 'etcdctl', 'etcd-client')`. */
export function tool(
  t: Pick<ExecutionContext, 'log'>,
  name: string,
  debianPackage: string,
): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(name, ['--help'], { timeout: 10_000 }, (error) => {
      const missing = error !== null && (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (missing) t.log(`skipped: no ${name} on the PATH (Debian: ${debianPackage})`);
      resolve(!missing);
    });
  });
}
