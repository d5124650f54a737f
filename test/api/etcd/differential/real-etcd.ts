import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../../src/local/ports.ts';
import { kvMethods } from '../../../../src/protocol/etcd/methods.ts';
import { RawClient } from './raw-client.ts';

/** One member of the real etcd from the PATH, on loopback. */
export async function startRealEtcd(): Promise<{
  readonly endpoint: string;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it stands still: a signal reaches the threads of a process one by one. */
  freeze(): Promise<void>;
  stop(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-real-etcd-'));
  const [client, peer] = await freePorts(2);
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const child = spawn(
    'etcd',
    [
      ...['--name', 'e0', '--data-dir', join(folder, 'data')],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `e0=${peerUrl}`, '--logger', 'zap', '--log-level', 'error'],
    ],
    { stdio: 'ignore' },
  );
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    kill();
    await exited;
    process.removeListener('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  const endpoint = `127.0.0.1:${client}`;
  const untilMs = Date.now() + 20_000;
  for (;;) {
    const probe = new RawClient(endpoint);
    const answer = await probe.call(kvMethods.range, { key: 'x' as never });
    probe.close();
    if (answer.kind === 'message') {
      const signal = (name: NodeJS.Signals): void => void child.kill(name);
      const freeze = async (): Promise<void> => {
        signal('SIGSTOP');
        while (!(await isStopped(child.pid))) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      return { endpoint, signal, freeze, stop };
    }
    if (Date.now() > untilMs) {
      await stop();
      throw new Error(`etcd does not serve: ${answer.details}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isStopped(pid: number | undefined): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T')),
  );
  return states.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
}
