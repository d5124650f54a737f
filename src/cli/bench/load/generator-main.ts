import { setTimeout } from 'node:timers/promises';
import { closedLoop } from './closed-loop.ts';
import type { GeneratorReport, GeneratorStart, GeneratorTask } from './generator.ts';
import type { LoadResult } from './latencies.ts';
import { mixed } from './mixed.ts';
import { type Operations, operationsOf } from './operations.ts';
import { pacedLoop } from './paced-loop.ts';
import { randomOrder } from './samples.ts';

/** The process that makes load, apart from the one that directs the measurement. Ends with its parent. */
process.once('disconnect', () => process.exit(0));

const report = (message: GeneratorReport): void => {
  process.send?.(message);
};

process.once('message', (start: GeneratorStart) => {
  void prepare(start).catch((error: unknown) =>
    report({ kind: 'failed', message: (error as Error).message }),
  );
});

async function prepare(start: GeneratorStart): Promise<void> {
  const operations = await operationsOf(start);
  const order = randomOrder(start.keys);
  const kinds: Readonly<Record<GeneratorTask['kind'], (sequence: number) => Promise<unknown>>> = {
    put: (sequence) => operations.put(order(sequence), sequence),
    get: (sequence) => operations.get(order(sequence)),
    mixed: mixed(operations, start.keys, order),
  };
  process.on('message', ({ kind, load, fillInOrder: fill }: GeneratorTask) => {
    const done = fill
      ? fillInOrder(start.keys, load.inFlight, operations.put)
      : 'perSecond' in load
        ? pacedLoop(load, kinds[kind])
        : closedLoop(load, kinds[kind]);
    done.then(
      (result) => report({ kind: 'result', result }),
      (error: unknown) => report({ kind: 'failed', message: (error as Error).message }),
    );
  });
  report({ kind: 'prepared' });
}

const fillAttempts = 100;
const betweenAttemptsMs = 50;

/** An election in the middle is none of what is measured; putting the same again changes nothing of it either. */
async function putSurely(put: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      await put();
      return;
    } catch (error) {
      if (attempt === fillAttempts) throw error;
      await setTimeout(betweenAttemptsMs);
    }
}

/** Every key once, so that reads find something and a restart has something to load. */
async function fillInOrder(keys: number, inFlight: number, put: Operations['put']): Promise<LoadResult> {
  const startedMs = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < keys) {
        const key = next++;
        await putSurely(() => put(key, key));
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  return { perSecond: keys / seconds, p50Ms: 0, p99Ms: 0, maxMs: 0, operations: keys, failed: 0 };
}
