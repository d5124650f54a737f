import { parentPort, workerData } from 'node:worker_threads';
import { contenders, type Recipe } from './candidates.ts';
import { solve } from './solve-task.ts';
import type { Task } from './tasks.ts';

/** Entry of a worker thread: answers one task after the other; `null` ends it. */
const all = contenders(workerData as Recipe);
parentPort?.on('message', async (task: Task | null) => {
  if (task === null) {
    await all.close();
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ answer: await solve(task, all) });
  } catch (error) {
    parentPort?.postMessage({
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
