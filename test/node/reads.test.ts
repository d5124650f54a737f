import test from 'ava';
import { logIndex } from '../../src/foundation/ids.ts';
import { ReadQueue } from '../../src/node/reads.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Raft } from '../../src/raft/raft.ts';

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
