import test from 'ava';
import { holdsDuring, holdsOf } from '../../src/cli/bench/predict/table/loop-holds.ts';

const look = { atMs: 0, gapMs: 1, ranMs: 0 };

test('what the process itself did is told from garbage collection, and from what others did', (t) => {
  const holds = holdsOf(
    [
      { ...look, atMs: 1 },
      { atMs: 21, gapMs: 20, ranMs: 16 },
      { atMs: 71, gapMs: 50, ranMs: 5 },
      { ...look, atMs: 72 },
    ],
    [
      { atMs: 2, durationMs: 5 },
      { atMs: 8, durationMs: 2 },
      { atMs: 30, durationMs: 3 },
    ],
  );
  t.like(holds, { longestMs: 50, longestOwnMs: 9, longestPauseMs: 5, longestOffMs: 45 });
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
