import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { ScrubPasses } from '../../../src/node/integrity/scrub-passes.ts';
import { nextTurn } from '../../../src/ports/clock.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';

const pieceBytes = 256 * 1024;

/** Passes over so many pieces, in simulated time. */
function world(pieces: number, bytesPerSecond: number, pauseMs = 60_000) {
  const scheduler = new Scheduler();
  const life = new Life('node', scheduler, (error) => {
    throw error;
  });
  const clock = nodeClock(scheduler, life, { originMs: 0, drift: 0, wallOffsetMs: 1e12 }, seededRandom(1));
  let atATime = 0;
  let most = 0;
  const passes = new ScrubPasses({
    scrub: { bytesPerSecond, pauseMs },
    clock,
    yieldTurn: () => nextTurn(clock),
    pass: async ({ pace, isOver, note }) => {
      most = Math.max(most, ++atATime);
      for (let i = 0; i < pieces && !isOver(); i++) await pace(pieceBytes);
      note('one');
      atATime--;
      return true;
    },
    failed: () => {},
  });
  const until = (ms: number): Promise<void> =>
    scheduler.run(
      ms,
      () => {},
      () => false,
    );
  return { passes, until, most: () => most };
}

test('the first pass begins soon, none reads more than the rate, and the pause is kept between two', async (t) => {
  const { passes, until } = world(64, 1024 * 1024);
  passes.start();
  await until(4900);
  t.is(passes.status.bytes, 0);
  for (const s of [1, 2, 4, 8, 15]) {
    await until(5000 + s * 1000);
    const { bytes } = passes.status;
    t.true(
      bytes <= s * 1024 * 1024 + pieceBytes && bytes >= s * 1024 * 1024 - pieceBytes,
      `${bytes} in ${s} s`,
    );
  }
  t.is(passes.status.passes, 0);
  await until(21_500);
  t.like(passes.status, { passes: 1, bytes: 64 * pieceBytes, faults: 1, lastFault: 'one', phase: 'waiting' });
  await until(80_000);
  t.is(passes.status.bytes, 64 * pieceBytes);
  await until(84_000);
  t.true(passes.status.bytes > 64 * pieceBytes);
  await passes.stop();
});

test('a rate at which a piece takes minutes is kept as well', async (t) => {
  const { passes, until } = world(64, 1024);
  passes.start();
  await until(5000 + 600_000);
  t.true(passes.status.bytes <= 600 * 1024 + pieceBytes, `${passes.status.bytes}`);
  t.true(passes.status.bytes > 0);
  await passes.stop();
});

test('with rate 0 nothing is read but on demand; what is asked for ends the pass under way first, at once', async (t) => {
  const idle = world(4, 0);
  idle.passes.start();
  await idle.until(600_000);
  t.is(idle.passes.status.bytes, 0);
  const found = idle.passes.now();
  await idle.until(600_100);
  t.deepEqual(await found, ['one']);
  t.is(idle.passes.status.passes, 1);
  const { passes, until, most } = world(64, 1024 * 1024);
  passes.start();
  await until(6000);
  const both = Promise.all([passes.now(), passes.now()]);
  await until(6100);
  t.deepEqual(await both, [['one'], ['one']]);
  t.is(passes.status.passes, 3);
  t.is(most(), 1);
  await passes.stop();
  await idle.passes.stop();
});
