import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TanistError } from '../../../foundation/errors.ts';
import type { Load, LoadResult } from './closed-loop.ts';

export interface GeneratorStart {
  readonly api: 'tanist' | 'etcd';
  /** For etcd the first one is used: the leader's. */
  readonly endpoints: readonly string[];
  readonly keys: number;
  readonly valueBytes: number;
  /** Keys that one read asks for; absent: 1. */
  readonly range?: number;
}

export interface GeneratorTask {
  readonly kind: 'put' | 'get';
  readonly load: Load;
  /** Writes each key once instead, with `load.inFlight` under way. */
  readonly fillInOrder: boolean;
}

export type GeneratorReport =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

/** A process that makes load through a client library. */
export interface Generator {
  run(kind: 'put' | 'get', load: Load): Promise<LoadResult>;
  fill(inFlight: number): Promise<LoadResult>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('generator-main.js', import.meta.url));

export async function startGenerator(start: GeneratorStart): Promise<Generator> {
  const child = fork(main, {
    execArgv: ['--max-semi-space-size=64'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    kill();
    await exited;
    process.removeListener('exit', kill);
  };
  const task = async (content: GeneratorTask): Promise<LoadResult> => {
    child.send(content);
    const report = await nextReport(child);
    if (report.kind === 'result') return report.result;
    throw new TanistError(
      'unavailable',
      `load generator: ${report.kind === 'failed' ? report.message : 'confused'}`,
    );
  };
  child.send(start);
  const report = await nextReport(child);
  if (report.kind === 'failed') {
    await stop();
    throw new TanistError('unavailable', `load generator: ${report.message}`);
  }
  return {
    run: (kind, load) => task({ kind, load, fillInOrder: false }),
    fill: (inFlight) =>
      task({ kind: 'put', load: { inFlight, seconds: 0, warmUpSeconds: 0 }, fillInOrder: true }),
    stop,
  };
}

function nextReport(child: ChildProcess): Promise<GeneratorReport> {
  return new Promise((resolve) => {
    const ended = (): void => resolve({ kind: 'failed', message: 'its process ended' });
    child.once('exit', ended);
    child.once('message', (message) => {
      child.removeListener('exit', ended);
      resolve(message as GeneratorReport);
    });
  });
}
