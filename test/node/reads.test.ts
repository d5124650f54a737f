import test from 'ava';
import { logIndex } from '../../src/foundation/ids.ts';
import { ReadQueue } from '../../src/node/reads.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Raft } from '../../src/raft/raft.ts';
import { range } from '../state/commands.ts';
import { Bench } from './bench.ts';

function started(readMs: number) {
  let nowMs = 0;
  const seen = { served: [] as number[], refused: 0, wakes: 0, asked: 0 };
  const queue = new ReadQueue(
    { readIndex: (id: number) => (seen.asked = id) } as unknown as Raft,
    { nowMs: () => nowMs } as unknown as Clock,
    () => seen.wakes++,
  );
  const add = (count: number): void => {
    for (let i = 0; i < count; i++)
      queue.add({
        serve: () => {
          nowMs += readMs;
          seen.served.push(i);
        },
        refuse: () => seen.refused++,
      });
  };
  return { queue, seen, add };
}

test('a turn serves reads for 5 ms, the next one goes on, in order', (t) => {
  const { queue, seen, add } = started(2);
  add(7);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(1) });
  queue.applied(logIndex(1));
  t.deepEqual(seen.served, [0, 1, 2]);
  t.is(seen.wakes, 1);
  queue.applied(logIndex(2));
  t.is(seen.served.length, 3, 'the same turn serves no more');
  t.is(queue.waiting, 4);
  queue.flush();
  t.is(seen.served.length, 6);
  t.is(seen.wakes, 2);
  queue.flush();
  t.deepEqual(seen.served, [0, 1, 2, 3, 4, 5, 6]);
  t.is(seen.wakes, 2);
  t.is(queue.waiting, 0);
});

test('reads that need no confirmation are served in turns as well', (t) => {
  const { queue, seen, add } = started(2);
  add(1);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(1) });
  const local: number[] = [];
  for (let i = 0; i < 5; i++)
    queue.addConfirmed({ serve: () => local.push(i), refuse: () => local.push(-1) });
  t.deepEqual(local, []);
  t.true(seen.wakes > 0);
  queue.flush();
  t.deepEqual(local, [0, 1, 2, 3, 4]);
  queue.addConfirmed({ serve: () => {}, refuse: () => local.push(-1) });
  queue.close();
  t.is(local.pop(), -1);
  t.is(queue.waiting, 0);
});

test('a slow read is served all the same, one a turn', (t) => {
  const { queue, seen, add } = started(100);
  add(2);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(0) });
  queue.applied(logIndex(0));
  t.is(seen.served.length, 1);
  queue.flush();
  t.is(seen.served.length, 2);
});

test('closing refuses whatever is not served: due, confirmed, asked, just arrived', (t) => {
  const { queue, seen, add } = started(100);
  add(2);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(1) });
  queue.applied(logIndex(1));
  add(1);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(9) });
  add(1);
  queue.flush();
  add(1);
  const served = seen.served.length;
  queue.close();
  t.is(served + seen.refused, 5);
  t.is(queue.waiting, 0);
});

test('a thousand serializable reads at once do not hold the event loop', async (t) => {
  let nowMs = 0;
  const reads = new ReadQueue({} as Raft, { nowMs: () => nowMs } as unknown as Clock, () => {});
  let served = 0;
  for (let i = 0; i < 1000; i++)
    reads.addConfirmed({
      serve: () => {
        served += 1;
        nowMs += 1;
      },
      refuse: () => t.fail(),
    });
  reads.flush();
  t.is(served, 5);
  const bench = new Bench();
  await bench.start();
  const answers: string[] = [];
  for (let i = 0; i < 10; i++)
    bench.node.read(range('a'), 'serializable', (outcome) =>
      answers.push(outcome instanceof Error ? outcome.message : outcome.kind),
    );
  t.deepEqual(answers, [], 'they are served by the turns that reads have');
  await bench.run(10);
  t.deepEqual(answers, Array(10).fill('range'));
});
