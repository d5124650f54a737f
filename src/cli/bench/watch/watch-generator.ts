import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TanistError } from '../../../foundation/errors.ts';
import type { LoadResult } from '../load/closed-loop.ts';
import type { WatchLoad, WatchShape } from './watch-load.ts';

export interface WatchTask {
  readonly api: 'native' | 'etcd';
  /** The leader's first. */
  readonly endpoints: readonly string[];
  readonly shape: WatchShape;
  readonly load: WatchLoad;
}

export type WatchReport =
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

const main = fileURLToPath(new URL('watch-generator-main.js', import.meta.url));

/** One round, in a process of its own that ends with it. */
export async function watchRound(task: WatchTask): Promise<LoadResult> {
  const child = fork(main, {
    execArgv: ['--max-semi-space-size=64'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  try {
    child.send(task);
    const report = await reportOf(child);
    if (report.kind === 'result') return report.result;
    throw new TanistError('unavailable', `watch generator: ${report.message}`);
  } finally {
    kill();
    process.removeListener('exit', kill);
  }
}

function reportOf(child: ChildProcess): Promise<WatchReport> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve({ kind: 'failed', message: 'its process ended' }));
    child.once('message', (message) => resolve(message as WatchReport));
  });
}
