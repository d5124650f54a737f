import { fileURLToPath } from 'node:url';
import { type FailedReport, forkTaskChild } from './child-task.ts';
import type { Load } from './closed-loop.ts';
import type { LoadResult } from './latencies.ts';
import type { PacedLoad } from './paced-loop.ts';

export interface GeneratorStart {
  readonly api: 'tanist' | 'etcd';
  /** For etcd the first one is used: the leader's. */
  readonly endpoints: readonly string[];
  readonly keys: number;
  readonly valueBytes: number;
  /** Keys that one read asks for; absent: 1. */
  readonly range?: number;
}

export type LoadKind = 'put' | 'get' | 'mixed';

export interface GeneratorTask {
  readonly kind: LoadKind;
  readonly load: Load | PacedLoad;
  /** Writes each key once instead, with `load.inFlight` under way. */
  readonly fillInOrder: boolean;
}

export type GeneratorReport =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | FailedReport;

/** A process that makes load through a client library. */
export interface Generator {
  run(kind: LoadKind, load: Load | PacedLoad): Promise<LoadResult>;
  fill(inFlight: number): Promise<LoadResult>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('generator-main.js', import.meta.url));

export async function startGenerator(start: GeneratorStart): Promise<Generator> {
  const child = forkTaskChild<GeneratorStart | GeneratorTask, GeneratorReport>(main, 'load generator', [
    '--max-semi-space-size=64',
  ]);
  const task = async (content: GeneratorTask): Promise<LoadResult> =>
    (await child.ask(content, 'result')).result;
  try {
    await child.ask(start, 'prepared');
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    run: (kind, load) => task({ kind, load, fillInOrder: false }),
    fill: (inFlight) =>
      task({ kind: 'put', load: { inFlight, seconds: 0, warmUpSeconds: 0 }, fillInOrder: true }),
    stop: child.stop,
  };
}
