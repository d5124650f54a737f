import { fileURLToPath } from 'node:url';
import { type FailedReport, forkTaskChild } from '../load/child-task.ts';
import type { LoadResult } from '../load/latencies.ts';
import type { WatchLoad, WatchShape } from './watch-load.ts';

export interface WatchTask {
  readonly api: 'native' | 'etcd';
  /** The leader's first. */
  readonly endpoints: readonly string[];
  readonly shape: WatchShape;
  readonly load: WatchLoad;
}

export type WatchReport = { readonly kind: 'result'; readonly result: LoadResult } | FailedReport;

const main = fileURLToPath(new URL('watch-generator-main.js', import.meta.url));

/** One round, in a process of its own that ends with it. */
export async function watchRound(task: WatchTask): Promise<LoadResult> {
  const child = forkTaskChild<WatchTask, WatchReport>(main, 'watch generator', ['--max-semi-space-size=64']);
  try {
    return (await child.ask(task, 'result')).result;
  } finally {
    await child.stop();
  }
}
