import test from 'ava';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { recordsIn } from '../../../src/node/before-death/records.ts';
import { Trio } from './trio.ts';

const recordsOf = (trio: Trio) => [...trio.nodes.values()].map(({ state }) => recordsIn(state));

test.serial(
  'a leak: the leader hands over, all know why, and its successor says that it had to',
  async (t) => {
    const trio = await Trio.start();
    const old = trio.leader;
    await trio.pass(15);
    trio.memory.get(old)!.rise = 0.02;
    await trio.pass(30);
    const [foreseen, ...others] = trio.said('death-foreseen');
    t.deepEqual(others, []);
    t.is(foreseen?.id, old);
    t.is(trio.leader, foreseen?.fields.to as never);
    t.true(Number(foreseen?.fields.now) < 0.9);
    // The leak goes on up to its limit.
    await trio.pass(15);
    for (const records of recordsOf(trio)) {
      t.is(records.length, 1);
      t.like(records[0], { from: old, to: trio.leader, signal: 'memory', verdict: 'justified' });
    }
    t.is(trio.said('hand-over-judged').length, 1);
  },
);

test.serial('the same where it dies in the meantime', async (t) => {
  const trio = await Trio.start(2);
  const old = trio.leader;
  await trio.pass(15);
  trio.memory.get(old)!.rise = 0.02;
  await trio.passUntilMoved(old);
  trio.kill(old);
  await trio.pass(10);
  t.like(recordsOf(trio)[0]?.[0], { from: old, verdict: 'justified', why: `${old} fell silent` });
});

test.serial('a leak that ends by itself was no reason: needless, also where nobody writes', async (t) => {
  const trio = await Trio.start(3);
  const old = trio.leader;
  await trio.pass(15);
  trio.memory.get(old)!.rise = 0.02;
  await trio.passUntilMoved(old);
  trio.memory.get(old)!.rise = 0;
  trio.memory.get(old)!.used = 0.3;
  await trio.scheduler.run(
    trio.scheduler.nowMs + 40_000,
    () => {},
    () => false,
  );
  t.like(recordsOf(trio)[0]?.[0], { from: old, verdict: 'needless' });
});

test.serial('all leak: nobody makes way', async (t) => {
  const trio = await Trio.start(4);
  const old = trio.leader;
  await trio.pass(20);
  for (const memory of trio.memory.values()) memory.rise = 0.015;
  await trio.pass(45);
  t.is(trio.leader, old);
  t.deepEqual(recordsOf(trio), [[], [], []]);
  t.true(String(trio.said('death-foreseen')[0]?.fields.because).includes('memory'));
});

/** The old one leaks, then its successor too, at once. Cluster times of the hand-overs. */
async function twoInARow(seed: number): Promise<readonly number[]> {
  const trio = await Trio.start(seed);
  const first = trio.leader;
  await trio.pass(15);
  trio.memory.get(first)!.rise = 0.02;
  while (trio.leader === first) await trio.pass(0.1);
  trio.memory.get(trio.leader)!.rise = 0.01;
  await trio.pass(90);
  return recordsOf(trio)[0]!.map(({ atMs }) => atMs);
}

test.serial('the next one waits for the rest of the minute, and the mutant does not', async (t) => {
  t.teardown(() => activateMutant(null));
  const gap = ([one = 0, two = 0]: readonly number[]): number => two - one;
  const times = await twoInARow(5);
  t.is(times.length, 2);
  t.true(gap(times) >= 60_000 && gap(times) < 70_000, `${gap(times)}`);
  activateMutant('hand-over-twice-in-a-minute');
  t.true(gap(await twoInARow(5)) < 60_000);
});
