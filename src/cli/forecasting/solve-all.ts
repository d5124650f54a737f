import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { refuseTelemetry } from '../../prediction/onnx/telemetry.ts';
import type { Recipe } from './candidates.ts';
import type { Answer, Task } from './tasks.ts';

const MOST_THREADS = 4;
/** Below this much work a thread costs more than it saves. */
const FEW_VALUES = 5000;

/** Solves all tasks on as many threads as there are cores, at most four; the answers in the order of the tasks. */
export async function solveAll(
  tasks: readonly Task[],
  recipe: Recipe,
  onDone: (done: number, name: string) => void,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  let done = 0;
  const values = tasks.reduce((sum, { series }) => sum + series.history.values.length, 0);
  const threads = Math.min(MOST_THREADS, availableParallelism(), tasks.length);
  if (threads <= 1 || values < FEW_VALUES) {
    const [{ contenders }, { solve }] = await Promise.all([
      import('./candidates.ts'),
      import('./solve-task.ts'),
    ]);
    const all = contenders(recipe);
    try {
      for (const task of tasks) {
        answers.push(await solve(task, all));
        onDone(++done, task.series.name);
      }
    } finally {
      await all.close();
    }
    return answers;
  }
  const work = async (): Promise<void> => {
    refuseTelemetry();
    const worker = new Worker(new URL('./series-thread.js', import.meta.url), { workerData: recipe });
    try {
      while (next < tasks.length) {
        const index = next++;
        const task = tasks[index];
        if (task === undefined) break;
        answers[index] = await ask(worker, task);
        onDone(++done, task.series.name);
      }
    } finally {
      worker.postMessage(null);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return answers;
}

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', heard);
      worker.off('error', failed);
      worker.off('exit', ended);
      act();
    };
    const heard = (message: { readonly answer?: Answer; readonly error?: string }): void =>
      settle(() => {
        if (message.answer !== undefined) resolve(message.answer);
        else reject(new Error(message.error));
      });
    const failed = (error: unknown): void => settle(() => reject(error));
    const ended = (code: number): void => settle(() => reject(new Error(`a worker thread ended (${code})`)));
    worker.on('message', heard);
    worker.on('error', failed);
    worker.on('exit', ended);
    worker.postMessage(task);
  });
}
