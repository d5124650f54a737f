import { type ChildProcess, fork } from 'node:child_process';
import { TanistError } from '../../../foundation/errors.ts';

interface Report {
  readonly kind: string;
}

/** What a child says instead of the answer that it was asked for. */
export interface FailedReport {
  readonly kind: 'failed';
  readonly message: string;
}

/** A process that answers each task with one report, and does not outlive this one. */
export interface TaskChild<Task, Answer extends Report> {
  /** Errors: `unavailable` if it failed, ended, or answers with another kind. */
  ask<Kind extends Answer['kind']>(task: Task, kind: Kind): Promise<Extract<Answer, { readonly kind: Kind }>>;
  stop(): Promise<void>;
}

/** `named`: what errors begin with. */
export function forkTaskChild<Task extends object, Answer extends Report>(
  main: string,
  named: string,
  execArgv: readonly string[] = [],
): TaskChild<Task, Answer> {
  const child = fork(main, { execArgv: [...execArgv], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const isOf = <Kind extends string>(
    report: Report,
    kind: Kind,
  ): report is Extract<Answer, { readonly kind: Kind }> => report.kind === kind;
  return {
    ask: async (task, kind) => {
      child.send(task);
      const report = await nextReport<Answer>(child);
      if (isOf(report, kind)) return report;
      const why = isFailed(report) ? report.message : 'confused';
      throw new TanistError('unavailable', `${named}: ${why}`);
    },
    stop: async () => {
      kill();
      await exited;
      process.removeListener('exit', kill);
    },
  };
}

const isFailed = (report: Report): report is FailedReport => report.kind === 'failed';

function nextReport<Answer>(child: ChildProcess): Promise<Answer | FailedReport> {
  return new Promise((resolve) => {
    const ended = (): void => {
      child.removeListener('message', said);
      resolve({ kind: 'failed', message: 'its process ended' });
    };
    const said = (message: unknown): void => {
      child.removeListener('exit', ended);
      resolve(message as Answer);
    };
    child.once('exit', ended);
    child.once('message', said);
  });
}
