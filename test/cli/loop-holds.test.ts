import test from 'ava';
import { holdsDuring, holdsOf } from '../../src/cli/bench/predict/table/loop-holds.ts';

const look = { atMs: 0, gapMs: 1, waitMs: 0, idleMs: 1 };

test('what the loop itself did is told from garbage collection, waits for a core and sleep', (t) => {
  const holds = holdsOf(
    [
      { ...look, atMs: 1 },
      { atMs: 21, gapMs: 20, waitMs: 4, idleMs: 0 },
      { atMs: 71, gapMs: 50, waitMs: 45, idleMs: 0 },
      { atMs: 101, gapMs: 30, waitMs: 0, idleMs: 30 },
      { ...look, atMs: 102 },
    ],
    [
      { atMs: 2, durationMs: 5 },
      { atMs: 8, durationMs: 2 },
      { atMs: 30, durationMs: 3 },
    ],
  );
  t.like(holds, { longestMs: 50, longestOwnMs: 9, longestPauseMs: 5, longestWaitMs: 45 });
  t.is(holds.p99Ms, 50);
  t.is(holdsOf(Array(200).fill(look), []).p99Ms, 1);
});

test('work that holds the loop is seen', async (t) => {
  const holds = await holdsDuring(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    const untilMs = performance.now() + 30;
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  t.true(holds.longestMs >= 30);
});
