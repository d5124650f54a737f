import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TanistError } from '../../../../foundation/errors.ts';

export interface TableNodeStart {
  readonly folder: string;
  readonly keys: number;
  /** Whether its keys are under a policy that asks for predictions. */
  readonly predicts: boolean;
}

export type TableNodeTask = { readonly kind: 'load'; readonly seconds: number } | { readonly kind: 'end' };

/** What its process took while it had load. */
export interface Stretch {
  /** Part of one core. */
  readonly cpuShare: number;
  /** Of it the thread that forecasts, by the clock. */
  readonly threadShare: number;
  /** p99. */
  readonly delayMs: number;
}

export interface AtTheEnd {
  readonly residentBytes: number;
  readonly threadBytes: number;
  /** What a promotion would ask for, so many times. */
  readonly preApplyMs: readonly number[];
  readonly preApplied: number;
  readonly ready: number;
  readonly waiting: number;
  readonly scaledError: number | null;
}

export type TableNodeReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'stretch'; readonly stretch: Stretch }
  | { readonly kind: 'end'; readonly end: AtTheEnd }
  | { readonly kind: 'failed'; readonly message: string };

/** A process with one node and the load on it. */
export interface TableNode {
  load(seconds: number): Promise<Stretch>;
  end(): Promise<AtTheEnd>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('table-node-main.js', import.meta.url));

export async function startTableNode(start: TableNodeStart): Promise<TableNode> {
  const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    kill();
    await exited;
    process.removeListener('exit', kill);
  };
  const ask = async (content: TableNodeStart | TableNodeTask): Promise<TableNodeReport> => {
    child.send(content);
    return nextReport(child);
  };
  const report = await ask(start);
  if (report.kind !== 'started') {
    await stop();
    throw unexpected(report);
  }
  return {
    load: async (seconds) => {
      const answer = await ask({ kind: 'load', seconds });
      if (answer.kind === 'stretch') return answer.stretch;
      throw unexpected(answer);
    },
    end: async () => {
      const answer = await ask({ kind: 'end' });
      if (answer.kind === 'end') return answer.end;
      throw unexpected(answer);
    },
    stop,
  };
}

function nextReport(child: ChildProcess): Promise<TableNodeReport> {
  return new Promise((resolve) => {
    const ended = (): void => resolve({ kind: 'failed', message: 'its process ended' });
    child.once('exit', ended);
    child.once('message', (message) => {
      child.removeListener('exit', ended);
      resolve(message as TableNodeReport);
    });
  });
}

function unexpected(report: TableNodeReport): TanistError {
  return new TanistError(
    'unavailable',
    `the node that is measured: ${report.kind === 'failed' ? report.message : 'confused'}`,
  );
}
