import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Launch } from '../node-process.ts';

export interface EtcdProcessOptions {
  readonly name: string;
  readonly dataFolder: string;
  /** All that it says goes there. */
  readonly logFile: string;
  /** Where clients reach it; `host:port`. */
  readonly client: string;
  /** Where it listens for the others. */
  readonly peer: string;
  /** Where the others reach it. */
  readonly advertisedPeer: string;
  /** All members by name, with where they are reached. */
  readonly members: readonly { readonly name: string; readonly advertisedPeer: string }[];
  /** Of the cluster. */
  readonly token: string;
  readonly launch?: Launch;
}

/** A member of an etcd cluster, from the PATH, with etcd's own defaults for heartbeat and election. */
export interface EtcdProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** The last lines of its log. */
  logTail(): readonly string[];
}

const tailLines = 20;

export function startEtcdProcess(options: EtcdProcessOptions): EtcdProcess {
  const { name, dataFolder, logFile, members, launch = {} } = options;
  const url = (address: string): string => `http://${address}`;
  const [program = 'etcd', ...args] = [
    ...(launch.prefix ?? []),
    ...['etcd', '--name', name, '--data-dir', dataFolder],
    ...['--listen-client-urls', url(options.client), '--advertise-client-urls', url(options.client)],
    ...[
      '--listen-peer-urls',
      url(options.peer),
      '--initial-advertise-peer-urls',
      url(options.advertisedPeer),
    ],
    ...['--initial-cluster', members.map((one) => `${one.name}=${url(one.advertisedPeer)}`).join(',')],
    ...['--initial-cluster-token', options.token],
    // Room for many rounds; the default of 2 GiB ends a long comparison.
    ...['--quota-backend-bytes', String(8 * 1024 ** 3), '--logger', 'zap'],
  ];
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...launch.env },
    detached: launch.detached ?? false,
  });
  closeSync(log);
  const running = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    exited: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: null, signal: null }));
    }),
    running,
    kill: (signal) => {
      if (running()) child.kill(signal);
    },
    logTail: () => {
      try {
        return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-tailLines);
      } catch {
        return [];
      }
    },
  };
}
