import test from 'ava';
import { byV8, nextGrowth } from '../../../src/api/start/collection-pace.ts';

const megabyte = 1024 * 1024;

interface Load {
  readonly liveMegabytes: number;
  readonly diesPerSecond: number;
  /** Of a collection, for each second since the one before; and whatever there was. */
  readonly heldMsPerSecond: number;
  readonly heldMsAlways: number;
}

/** The growth that it settles at, and what a collection then takes in one piece. V8 lets the heap grow by 150 %. */
function settled({ liveMegabytes, diesPerSecond, heldMsPerSecond, heldMsAlways }: Load) {
  let growth: number = byV8;
  let heldMs = 0;
  for (let i = 0; i < 50; i++) {
    const seconds = (liveMegabytes * (growth === byV8 ? 150 : growth)) / 100 / diesPerSecond;
    heldMs = heldMsAlways + heldMsPerSecond * seconds;
    growth = nextGrowth(growth, { heldMs, sinceMs: seconds * 1000, heapBytes: liveMegabytes * megabyte });
  }
  return { growth, heldMs };
}

test('collections that take too long are asked for earlier', (t) => {
  const leader = { liveMegabytes: 110, diesPerSecond: 7, heldMsPerSecond: 5, heldMsAlways: 10 };
  const { growth, heldMs } = settled(leader);
  t.true(heldMs < 45, `${heldMs} ms at ${growth} %`);
});

test('where they are short, V8 decides', (t) => {
  const follower = { liveMegabytes: 110, diesPerSecond: 7, heldMsPerSecond: 0.2, heldMsAlways: 10 };
  t.is(settled(follower).growth, byV8);
  t.is(nextGrowth(90, { heldMs: 5, sinceMs: 9_000, heapBytes: megabyte }), byV8);
});

test('they do not come so often that they cost much', (t) => {
  const busy = { liveMegabytes: 1000, diesPerSecond: 100, heldMsPerSecond: 10, heldMsAlways: 50 };
  t.is(settled(busy).growth, byV8);
  const large = { ...busy, diesPerSecond: 10 };
  const seconds = (1000 * settled(large).growth) / 100 / 10;
  t.true(seconds > 20, `every ${seconds} s`);
  let growth = 20;
  for (let i = 0; i < 20; i++) growth = nextGrowth(growth, { heldMs: 60, sinceMs: 500, heapBytes: megabyte });
  t.is(growth, byV8, 'nor when the load has risen meanwhile');
});
