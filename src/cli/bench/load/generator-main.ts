import { setTimeout } from 'node:timers/promises';
import { present } from '../../../foundation/assert.ts';
import { etcdClient } from '../../../local/etcd/etcd-client.ts';
import { openClient } from '../../client.ts';
import { closedLoop } from './closed-loop.ts';
import type { GeneratorReport, GeneratorStart, GeneratorTask } from './generator.ts';
import { randomOrder, sampleKey, sampleKeys, sampleRange, sampleValues } from './samples.ts';

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
  const operation = start.api === 'tanist' ? await tanistOperation(start) : etcdOperation(start);
  const order = randomOrder(start.keys);
  process.on('message', (task: GeneratorTask) => {
    const act = task.kind === 'put' ? operation.put : operation.get;
    const load = task.fillInOrder
      ? fillInOrder(start.keys, task.load.inFlight, operation.put)
      : closedLoop(task.load, (sequence) => act(order(sequence), sequence));
    load.then(
      (result) => report({ kind: 'result', result }),
      (error: unknown) => report({ kind: 'failed', message: (error as Error).message }),
    );
  });
  report({ kind: 'prepared' });
}

interface Operations {
  put(key: number, sequence: number): Promise<unknown>;
  get(key: number): Promise<unknown>;
}

async function tanistOperation(start: GeneratorStart): Promise<Operations> {
  const client = await openClient(start.endpoints);
  const { range = 1 } = start;
  const rangeAt = (at: number): [Uint8Array, { rangeEnd: Uint8Array }] => {
    const { from, to } = sampleRange(at, range, start.keys);
    return [sampleKey(from), { rangeEnd: sampleKey(to) }];
  };
  const keys = sampleKeys(start.keys);
  const values = sampleValues(start.valueBytes);
  return {
    put: (key, sequence) =>
      client.put(present(keys[key], 'a key'), present(values[sequence % values.length], 'a value')),
    get: (key) => (range === 1 ? client.get(present(keys[key], 'a key')) : client.get(...rangeAt(key))),
  };
}

function etcdOperation(start: GeneratorStart): Operations {
  const client = etcdClient(start.endpoints);
  const { range = 1 } = start;
  const keys = sampleKeys(start.keys);
  const values = sampleValues(start.valueBytes);
  return {
    put: (key, sequence) =>
      client.put(0, present(keys[key], 'a key'), present(values[sequence % values.length], 'a value')),
    get: (key) => {
      if (range === 1) return client.get(0, present(keys[key], 'a key'));
      const { from, to } = sampleRange(key, range, start.keys);
      return client.range(0, sampleKey(from), sampleKey(to));
    },
  };
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
async function fillInOrder(
  keys: number,
  inFlight: number,
  put: Operations['put'],
): Promise<Awaited<ReturnType<typeof closedLoop>>> {
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
