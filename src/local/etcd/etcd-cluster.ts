import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../foundation/assert.ts';
import { eventually } from '../eventually.ts';
import { freePorts } from '../ports.ts';
import { requireTool } from '../tools.ts';
import { type EtcdClient, etcdClient } from './etcd-client.ts';
import { type EtcdProcess, startEtcdProcess } from './etcd-process.ts';

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
  const address = (n: number): string => `127.0.0.1:${ports[n]}`;
  const all = Array.from({ length: members }, (_, i) => ({
    name: `e${i}`,
    advertisedPeer: address(members + i),
  }));
  await mkdir(folder, { recursive: true });
  const processes: EtcdProcess[] = [];
  const start = (i: number): void => {
    const { name, advertisedPeer } = present(all[i], 'a member');
    processes[i] = startEtcdProcess({
      name,
      dataFolder: join(folder, name),
      logFile: join(folder, `${name}.log`),
      client: address(i),
      peer: advertisedPeer,
      advertisedPeer,
      members: all,
      token: 'tanist-bench',
    });
  };
  const killAll = (): void => {
    for (const child of processes) child.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAll);
  for (let i = 0; i < members; i++) start(i);
  const endpoints = Array.from({ length: members }, (_, i) => address(i));
  const client = etcdClient(endpoints);
  const leader = (): Promise<number> =>
    eventually(async () => {
      const all = await Promise.all(endpoints.map((_, i) => client.status(i).catch(() => null)));
      const leading = all.findIndex(
        (one) => one !== null && one.leaderId !== 0n && one.leaderId === one.memberId,
      );
      return leading < 0 ? null : leading;
    }, 'etcd has no leader');
  const caughtUp = async (): Promise<void> => {
    await eventually(async () => {
      const all = await Promise.all(endpoints.map((_, i) => client.status(i)));
      const indexes = all.map((one) => Number(one.raftIndex));
      const agreed = all.every((one) => one.leaderId !== 0n && one.leaderId === all[0]?.leaderId);
      return agreed && Math.max(...indexes) - Math.min(...indexes) <= 100 ? true : null;
    }, 'an etcd member does not catch up');
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
      await present(processes[i], 'a member').exited;
      start(i);
      await caughtUp();
    },
    caughtUp,
    stop: async () => {
      client.close();
      killAll();
      await Promise.all(processes.map((one) => one.exited));
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
