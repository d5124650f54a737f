import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { freePorts } from '../ports.ts';
import { requireTool } from '../tools.ts';
import { type EtcdClient, etcdClient } from './etcd-client.ts';

/** Three etcd processes from the PATH on loopback, with etcd's own defaults for heartbeat and election. */
export interface EtcdCluster {
  /** Member i serves at `endpoints[i]`. */
  readonly endpoints: readonly string[];
  readonly client: EtcdClient;
  pid(member: number): number;
  /** Which member leads; waits for one. */
  leader(): Promise<number>;
  kill(member: number, signal: NodeJS.Signals): void;
  restart(member: number): Promise<void>;
  /** Resolves when all members answer and have what the leader has (within a few entries, under load). */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

const members = 3;

export async function startEtcdCluster(folder: string): Promise<EtcdCluster> {
  await requireTool('etcd', 'Debian: etcd-server');
  const ports = await freePorts(members * 2);
  const clientUrl = (i: number): string => `http://127.0.0.1:${ports[i]}`;
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[members + i]}`;
  const initial = Array.from({ length: members }, (_, i) => `e${i}=${peerUrl(i)}`).join(',');
  await mkdir(folder, { recursive: true });
  const processes: ChildProcess[] = [];
  const start = (i: number): void => {
    const log = openSync(join(folder, `e${i}.log`), 'a');
    processes[i] = spawn(
      'etcd',
      [
        ...['--name', `e${i}`, '--data-dir', join(folder, `e${i}`)],
        ...['--listen-client-urls', clientUrl(i), '--advertise-client-urls', clientUrl(i)],
        ...['--listen-peer-urls', peerUrl(i), '--initial-advertise-peer-urls', peerUrl(i)],
        ...['--initial-cluster', initial, '--initial-cluster-token', 'tanist-bench'],
        // Room for many rounds; the default of 2 GiB ends a long comparison.
        ...['--quota-backend-bytes', String(8 * 1024 ** 3), '--logger', 'zap'],
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
  };
  const killAll = (): void => {
    for (const child of processes) child.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAll);
  for (let i = 0; i < members; i++) start(i);
  const endpoints = Array.from({ length: members }, (_, i) => `127.0.0.1:${ports[i]}`);
  const client = etcdClient(endpoints);
  const leader = (): Promise<number> =>
    eventually('etcd has no leader', async () => {
      const all = await Promise.all(endpoints.map((_, i) => client.status(i).catch(() => null)));
      const leading = all.findIndex(
        (one) => one !== null && one.leaderId !== 0n && one.leaderId === one.memberId,
      );
      return leading < 0 ? null : leading;
    });
  const caughtUp = async (): Promise<void> => {
    await eventually('an etcd member does not catch up', async () => {
      const all = await Promise.all(endpoints.map((_, i) => client.status(i)));
      const indexes = all.map((one) => Number(one.raftIndex));
      const agreed = all.every((one) => one.leaderId !== 0n && one.leaderId === all[0]?.leaderId);
      return agreed && Math.max(...indexes) - Math.min(...indexes) <= 100 ? true : null;
    });
  };
  const cluster: EtcdCluster = {
    endpoints,
    client,
    pid: (i) => processes[i]?.pid ?? 0,
    leader,
    kill: (i, signal) => {
      present(processes[i], 'a member').kill(signal);
    },
    restart: async (i) => {
      await ended(present(processes[i], 'a member'));
      start(i);
      await caughtUp();
    },
    caughtUp,
    stop: async () => {
      client.close();
      killAll();
      await Promise.all(processes.map(ended));
      process.removeListener('exit', killAll);
    },
  };
  try {
    await caughtUp();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

async function eventually<T>(otherwise: string, attempt: () => Promise<T | null>): Promise<T> {
  const untilMs = Date.now() + 30_000;
  for (;;) {
    const answer = await attempt().catch(() => null);
    if (answer !== null) return answer;
    if (Date.now() > untilMs) throw new TanistError('unavailable', `${otherwise} within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
