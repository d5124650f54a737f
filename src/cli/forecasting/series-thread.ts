import { parentPort, workerData } from 'node:worker_threads';
import { contenders } from './candidates.ts';
import { solve } from './solve-task.ts';
import type { Task } from './tasks.ts';

/** Entry of a worker thread: answers one task after the other; `null` ends it. */
const { without } = workerData as { readonly without: readonly string[] };
const { candidates, close } = await contenders(without);
parentPort?.on('message', async (task: Task | null) => {
  if (task === null) {
    await close();
    parentPort?.close();
    return;
  }
  try {
    parentPort?.postMessage({ answer: await solve(task, candidates) });
  } catch (error) {
    parentPort?.postMessage({
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
