import test from 'ava';
import { closedLoop } from '../../src/cli/bench/load/closed-loop.ts';
import { parseH2load } from '../../src/cli/bench/load/h2load.ts';
import { mixed } from '../../src/cli/bench/load/mixed.ts';
import { startOpenLoop } from '../../src/cli/bench/load/open-loop.ts';
import type { Operations } from '../../src/cli/bench/load/operations.ts';
import { pacedLoop } from '../../src/cli/bench/load/paced-loop.ts';
import { randomOrder, sampleKey, sampleRange } from '../../src/cli/bench/load/samples.ts';
import { loadBatches, overwriteBatches, writeAll } from '../../src/cli/bench/memory/batches.ts';
import { ratiosOf } from '../../src/cli/bench/memory/bench-memory.ts';
import { PredictedKeys } from '../../src/cli/bench/predicted-keys.ts';
import type { TanistClient } from '../../src/client/index.ts';
import { median, quantile } from '../../src/foundation/statistics.ts';
import { decodeCount, encodePuts } from '../../src/local/etcd/etcd-messages.ts';
import { outageOf } from '../../src/verification/outage.ts';

const acks = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([issuedAtMs, ackedAtMs]) => ({ issuedAtMs, ackedAtMs }));

test('an outage is from the last acknowledgement before to the first after', (t) => {
  t.deepEqual(outageOf(acks([0, 1], [1, 2], [2, 3], [3, 40], [4, 40], [39, 41]), 3.5), {
    lastBeforeMs: 3,
    firstAfterMs: 40,
    outageMs: 37,
  });
});

test('an answer that was on its way when the fault struck does not hide the outage', (t) => {
  t.is(outageOf(acks([0, 1], [2, 11], [9, 60], [12, 61]), 10)?.outageMs, 49);
});

test('it has not ended while only writes from before the fault are answered', (t) => {
  t.is(outageOf(acks([0, 1], [2, 11], [9, 60]), 10), null);
  t.is(outageOf([], 10), null);
});

test('gaps before the fault and long after the recovery do not count', (t) => {
  t.is(outageOf(acks([0, 1], [0, 500], [500, 505], [506, 507], [507, 620], [620, 2000]), 501)?.outageMs, 113);
});

test('a hand-over counts until it is over', (t) => {
  // Answered by the old leader while the hand-over was still under way.
  t.is(outageOf(acks([0, 1], [2, 3], [3, 24], [24, 25]), 1.5, 10)?.outageMs, 21);
});

test('median and quantiles', (t) => {
  t.is(median([5, 1, 3]), 3);
  t.is(median([4, 1, 3, 2]), 2.5);
  t.is(median([]), Number.NaN);
  t.is(quantile([3, 1, 2, 4], 0.5), 2);
  t.is(quantile([3, 1, 2, 4], 0.99), 4);
  t.is(quantile([7], 0), 7);
  t.is(quantile([], 0.5), Number.NaN);
});

test('a closed loop keeps its operations in flight, and no more', async (t) => {
  let running = 0;
  let most = 0;
  const sequences = new Set<number>();
  const result = await closedLoop({ inFlight: 8, seconds: 0.05, warmUpSeconds: 0 }, async (sequence) => {
    sequences.add(sequence);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  });
  t.is(most, 8);
  t.is(running, 0);
  t.true(sequences.size >= 8 && result.operations <= sequences.size);
  t.is(result.failed, 0);
});

test('a paced loop counts from when an operation was due: a standstill shows in all that it held up', async (t) => {
  const load = { inFlight: 1, seconds: 0.1, warmUpSeconds: 0, perSecond: 1000 };
  const standstillMs = 50;
  const startedMs = performance.now();
  let most = 0;
  let running = 0;
  const result = await pacedLoop(load, async () => {
    most = Math.max(most, ++running);
    while (performance.now() - startedMs < standstillMs)
      await new Promise((resolve) => setImmediate(resolve));
    running--;
  });
  t.is(most, 1);
  t.is(result.operations, 100);
  // Fifty were due while the first one stood still, and waited 25 ms on average.
  t.true(result.p50Ms > 10 && result.maxMs >= standstillMs - 5, JSON.stringify(result));
});

test('a paced loop counts failures, and does not wait for what is not due', async (t) => {
  const load = { inFlight: 8, seconds: 0.05, warmUpSeconds: 0, perSecond: 200 };
  let started = 0;
  const result = await pacedLoop(load, async () => {
    if (++started % 2 === 0) throw new Error('no');
  });
  t.is(started, 10);
  t.is(result.failed, 5);
  t.is(result.operations, 5);
});

test('a mix has every kind of operation in its share', async (t) => {
  const counts = new Map<string, number>();
  const count = (kind: string) => async () => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  };
  const operations: Operations = {
    put: count('put'),
    get: count('get'),
    getSerializable: count('getSerializable'),
    scan: count('scan'),
    putAll: async (keys) => {
      t.is(new Set(keys).size, 3, 'a transaction has a key once');
      await count('putAll')();
    },
    delete: count('delete'),
  };
  const act = mixed(operations, 3, (sequence) => sequence % 3);
  for (let sequence = 0; sequence < 20_000; sequence++) await act(sequence);
  const percent = (kind: string) => Math.round((counts.get(kind) ?? 0) / 200);
  for (const [kind, share] of Object.entries({
    put: 50,
    get: 25,
    getSerializable: 10,
    scan: 5,
    putAll: 5,
    delete: 5,
  }))
    t.true(Math.abs(percent(kind) - share) <= 1, `${kind}: ${percent(kind)} %`);
});

test('an open loop goes on while nothing is answered, and waits for all at the end', async (t) => {
  const answers: (() => void)[] = [];
  const load = startOpenLoop(
    10_000,
    (sequence) =>
      new Promise((resolve, reject) =>
        answers.push(() => (sequence === 0 ? reject(new Error('no')) : resolve(null))),
      ),
  );
  while (load.issued < 20) await new Promise((resolve) => setImmediate(resolve));
  t.is(load.acknowledged.length, 0);
  const stopped = load.stop();
  for (const answer of answers) answer();
  await stopped;
  t.is(load.failed, 1);
  t.is(load.acknowledged.length, load.issued - 1);
});

test('samples', (t) => {
  t.is(Buffer.from(sampleKey(42)).toString(), 'bench/0000000042');
  const order = randomOrder(10);
  const again = randomOrder(10);
  const drawn = Array.from({ length: 1000 }, (_, i) => order(i));
  t.true(drawn.every((key) => Number.isInteger(key) && key >= 0 && key < 10));
  t.is(new Set(drawn).size, 10);
  t.deepEqual(
    drawn,
    Array.from({ length: 1000 }, (_, i) => again(i)),
  );
});

test('a read of a range is whole, also at the last keys', (t) => {
  t.deepEqual(sampleRange(5, 10, 100), { from: 5, to: 15 });
  t.deepEqual(sampleRange(99, 10, 100), { from: 90, to: 100 });
  t.deepEqual(sampleRange(3, 100, 100), { from: 0, to: 100 });
});

test('every key is loaded once; overwrites are as many as asked for, a key once a transaction', async (t) => {
  const loaded = [...loadBatches(25, 10, 4)];
  t.deepEqual(
    loaded.map((puts) => puts.length),
    [10, 10, 5],
  );
  t.is(new Set(loaded.flat().map(([key]) => String(key))).size, 25);
  const over = [...overwriteBatches(95, 12, 10, 4)];
  t.is(over.flat().length, 95);
  for (const puts of over) t.is(new Set(puts.map(([key]) => String(key))).size, puts.length);
  t.is([...overwriteBatches(7, 3, 10, 4)].flat().length, 7, 'fewer keys than a batch has puts');
  let running = 0;
  let most = 0;
  let written = 0;
  await writeAll(
    over.values(),
    3,
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
    (puts) => {
      written += puts;
    },
  );
  t.is(most, 3);
  t.is(written, 95);
  await t.throwsAsync(
    writeAll(
      over.values(),
      2,
      () => Promise.reject(new Error('full')),
      () => {},
    ),
    { message: 'full' },
  );
});

test('memory is compared by the medians over the members', (t) => {
  const figures = (loaded: readonly (number | null)[], overwritten: readonly number[]) => ({
    idleBytes: [],
    loadedBytes: loaded,
    overwrittenBytes: overwritten,
    loadPerSecond: 1,
    overwritePerSecond: 1,
  });
  t.deepEqual(ratiosOf(figures([300, 100, null], [90, 50, 10]), figures([100, 100, 900], [100, 100, 100])), {
    loaded: 2,
    overwritten: 0.5,
  });
});

test('a transaction of puts and a count, as etcd writes them', (t) => {
  const [k, v] = [Buffer.from('k'), Buffer.from('v')];
  t.is(encodePuts([[k, v]]).toString('hex'), '120812060a016b120176');
  const range = Buffer.from('0a00120012002003', 'hex');
  t.is(decodeCount(range), 2);
});

test('the counts of h2load', (t) => {
  const text =
    'finished in 2.50s, 9000.00 req/s, 1MB/s\nrequests: 18000 total, 18064 started, 18000 done, 17998 succeeded, 2 failed, 2 errored, 0 timeout\n';
  t.deepEqual(parseH2load(text, 2), { perSecond: 8999, operations: 17_998, failed: 2 });
  t.throws(() => parseH2load('Could not connect', 2), {
    message: 'h2load gave no result: Could not connect',
  });
});

test('predicted keys: every member forecasts them before a run; what one brings counts once, also when it was started again', async (t) => {
  const members = [
    { keys: 10, ready: 10, preApplied: 5 },
    { keys: 10, ready: 3, preApplied: 0 },
  ];
  const policies: unknown[] = [];
  let looks = 0;
  const client = {
    setPolicy: async (_: string, { predict }: { readonly predict: object | null }) => {
      policies.push(predict === null);
    },
    status: async ({ endpoint }: { readonly endpoint: string }) => {
      looks++;
      const predictor = { ...members[Number(endpoint)] };
      if (endpoint === '1') members[1]!.ready = 10;
      return { predictor };
    },
  };
  const keys = new PredictedKeys(client as unknown as TanistClient, ['0', '1'], 10);
  await keys.predict(true);
  t.deepEqual(policies, [false]);
  t.is(looks, 6, 'it looked again, and then at what was brought before');
  members[0]!.preApplied = 2;
  members[1]!.preApplied = 8;
  t.is(await keys.brought(), 10);
  t.is(await keys.brought(), 0);
  for (const member of members) member.keys = 0;
  await keys.predict(false);
  await keys.predict(false);
  t.deepEqual(policies, [false, true]);
});
