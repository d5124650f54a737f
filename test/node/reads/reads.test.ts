import test from 'ava';
import { logIndex, type NodeId, nodeId, type Term, term } from '../../../src/foundation/ids.ts';
import { limits } from '../../../src/foundation/limits.ts';
import { RangeReader } from '../../../src/node/reads/range-reader.ts';
import { ReadQueue, type ReadRefusal } from '../../../src/node/reads/reads.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { HistoryStore } from '../../../src/ports/image-store.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { StateMachine } from '../../../src/state/state-machine.ts';
import { range } from '../../state/commands.ts';
import { Bench } from '../bench.ts';

function started(readMs: number) {
  let nowMs = 0;
  const seen = { served: [] as number[], refused: 0, why: null as ReadRefusal | null, wakes: 0, asked: 0 };
  const status: { leader: NodeId | null; term: Term } = { leader: nodeId('a'), term: term(1) };
  const queue = new ReadQueue({
    raft: { status, readIndex: (id: number) => (seen.asked = id) } as unknown as Raft,
    clock: { nowMs: () => nowMs },
    wake: () => seen.wakes++,
    mayServe: () => true,
    holdMs: 100,
  });
  const led = (leader: string | null, by: number): void => {
    Object.assign(status, { leader: leader === null ? null : nodeId(leader), term: term(by) });
    queue.leaderChanged();
  };
  const pass = (ms: number, ticks = true): void => {
    nowMs += ms;
    if (ticks) queue.refuseOverdue();
  };
  const add = (count: number, isGone?: () => boolean): void => {
    for (let i = 0; i < count; i++)
      queue.add({
        serve: () => {
          nowMs += readMs;
          seen.served.push(i);
        },
        refuse: (why) => {
          seen.refused++;
          seen.why = why;
        },
        isGone,
      });
  };
  return { queue, seen, add, led, pass };
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

test('closing refuses whatever is not served: due, confirmed, asked, held, just arrived', (t) => {
  const { queue, seen, add, led } = started(100);
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
  queue.flush();
  led(null, 2);
  const served = seen.served.length;
  queue.close();
  t.is(served + seen.refused, 5);
  t.is(queue.waiting, 0);
});

test('a read whose leader is gone is asked for anew of the next one, and served only when that one has confirmed it', (t) => {
  const { queue, seen, add, led } = started(0);
  add(1);
  queue.flush();
  const first = seen.asked;
  led(null, 2);
  queue.confirmed({ id: first, index: null });
  queue.applied(logIndex(9));
  t.is(queue.waiting, 1, 'nobody to be asked: it is held');
  led('b', 2);
  t.not(seen.asked, first);
  queue.confirmed({ id: first, index: logIndex(1) });
  queue.applied(logIndex(9));
  t.deepEqual(seen.served, [], 'an answer to the first question does not count');
  queue.confirmed({ id: seen.asked, index: logIndex(10) });
  queue.applied(logIndex(9));
  t.deepEqual(seen.served, []);
  queue.applied(logIndex(10));
  t.deepEqual([seen.served, seen.refused, queue.waiting], [[0], 0, 0]);
});

test('one that came while nobody led is asked for in the same term, once somebody does', (t) => {
  const { queue, seen, add, led } = started(0);
  led(null, 5);
  add(1);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: null });
  led('a', 5);
  queue.confirmed({ id: seen.asked, index: logIndex(1) });
  queue.applied(logIndex(1));
  t.deepEqual([seen.served, seen.refused], [[0], 0]);
});

test('nobody is asked twice in a term; a new word on the same leader changes nothing', (t) => {
  const { queue, seen, add, led } = started(0);
  add(1);
  queue.flush();
  const first = seen.asked;
  led('a', 1);
  t.is(seen.asked, first);
  queue.confirmed({ id: first, index: null });
  t.deepEqual(
    [seen.asked, seen.refused, queue.waiting],
    [first, 0, 1],
    'it leaves office, and another will be there',
  );
  led('a', 1);
  t.is(seen.asked, first);
  led('b', 2);
  t.not(seen.asked, first);
  queue.confirmed({ id: seen.asked, index: logIndex(1) });
  queue.applied(logIndex(1));
  t.deepEqual([seen.served, seen.refused], [[0], 0]);
});

test('a leader that is there at the end of the time is still asked', (t) => {
  const { queue, seen, add, led, pass } = started(0);
  add(1);
  queue.flush();
  const first = seen.asked;
  led(null, 2);
  pass(150, false);
  led('b', 2);
  t.not(seen.asked, first);
  t.is(seen.refused, 0);
});

test('however many wait for a leader, those that need none are counted apart', (t) => {
  const { queue, add, led } = started(0);
  add(50);
  queue.flush();
  led(null, 2);
  queue.addConfirmed({ serve: () => {}, refuse: () => {} });
  t.deepEqual([queue.waiting, queue.due], [51, 1]);
  queue.flush();
  t.deepEqual([queue.waiting, queue.due], [50, 0]);
});

test('a read is held for its time over all leaders, and refused then', (t) => {
  const { queue, seen, add, led, pass } = started(0);
  add(2);
  queue.flush();
  led(null, 2);
  pass(99);
  t.is(seen.refused, 0);
  pass(1);
  t.deepEqual([seen.refused, queue.waiting], [2, 0]);
  add(1);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: null });
  pass(60);
  led('b', 3);
  pass(60);
  led(null, 4);
  t.deepEqual([seen.refused, queue.waiting], [3, 0], 'the second leader is no second time');
});

test('a thousand serializable reads at once do not hold the event loop', async (t) => {
  let nowMs = 0;
  const reads = new ReadQueue({
    raft: {} as Raft,
    clock: { nowMs: () => nowMs },
    wake: () => {},
    mayServe: () => true,
    holdMs: 100,
  });
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

test('a read that nobody waits for any more is neither asked for, nor asked for again, nor served, and leaves room', (t) => {
  const { queue, seen, add, led } = started(0);
  let gone = true;
  const isGone = (): boolean => gone;
  add(3, isGone);
  queue.flush();
  t.deepEqual([seen.asked, queue.waiting], [0, 0], 'gone before it was asked for');
  gone = false;
  add(2, isGone);
  add(1);
  queue.flush();
  const first = seen.asked;
  gone = true;
  led(null, 2);
  t.is(queue.waiting, 1, 'gone when the leader went');
  led('b', 2);
  t.not(seen.asked, first);
  queue.confirmed({ id: seen.asked, index: logIndex(5) });
  queue.applied(logIndex(5));
  t.deepEqual([seen.served, queue.waiting], [[0], 0]);
  gone = false;
  add(2, isGone);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(9) });
  gone = true;
  queue.applied(logIndex(9));
  t.deepEqual([seen.served, seen.refused, queue.waiting], [[0], 0, 0], 'gone when it was due');
});

test('a crowd that left asks nothing of the next leader', (t) => {
  const { queue, seen, add, led } = started(0);
  let gone = false;
  add(50, () => gone);
  queue.flush();
  const first = seen.asked;
  led(null, 2);
  gone = true;
  led('b', 2);
  t.deepEqual([seen.asked, queue.waiting, seen.refused], [first, 0, 0]);
});

test('a confirmed read does not wait for ever for a state that lags behind', (t) => {
  const { queue, seen, add, pass } = started(0);
  add(2);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(9) });
  pass(limits.readBehindMs - 1);
  add(1);
  queue.flush();
  queue.confirmed({ id: seen.asked, index: logIndex(9) });
  t.deepEqual([seen.refused, queue.waiting], [0, 3]);
  pass(1);
  t.deepEqual([seen.refused, seen.why, queue.waiting], [2, 'behind', 1]);
  queue.applied(logIndex(9));
  t.deepEqual([seen.served, queue.waiting], [[0], 0]);
});

test('a follower that cannot catch up sends a confirmed read elsewhere after a stated time', async (t) => {
  const bench = new Bench(1, ['a', 'b', 'c'], { electionMs: 60_000 });
  await bench.start();
  bench.heartbeat('a', 1);
  await bench.run(5);
  const outcomes: unknown[] = [];
  bench.node.read(range('a'), 'linearizable', (outcome) => outcomes.push(outcome));
  await bench.run(5);
  const request = bench.sent.findLast((message) => message.type === 'readIndexRequest');
  if (request?.type !== 'readIndexRequest') return t.fail();
  bench.hear('a', 1, { type: 'readIndexReply', id: request.id, index: logIndex(9) });
  await bench.run(limits.readBehindMs - 100);
  t.deepEqual(outcomes, []);
  await bench.run(200);
  t.is(outcomes.length, 1);
  t.like(outcomes[0], { code: 'unavailable', retryable: true });
});

test('a scan stops when nobody waits for it any more', async (t) => {
  let gone = false;
  let pieces = 0;
  const state = {
    isLarge: () => true,
    scan: async (_: unknown, port: { readonly nextTurn: () => Promise<void> }) => {
      for (; pieces < 100; pieces++) {
        if (pieces === 3) gone = true;
        await port.nextTurn();
      }
      return null;
    },
  } as unknown as StateMachine;
  const clock = { soon: (act: () => void) => void setImmediate(act) } as unknown as Clock;
  const reader = new RangeReader(state, {} as HistoryStore, clock, () => true);
  const scan = async (): Promise<unknown> => reader.read(range('a', 'b'), () => gone);
  await t.throwsAsync(scan(), { code: 'cancelled' });
  t.is(pieces, 3);
  await t.throwsAsync(scan(), { code: 'cancelled' });
  t.is(pieces, 3, 'not begun');
});
