import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { collectGarbage } from '../../../src/api/replication/small-heap.ts';
import { Claims } from '../../../src/chaos/run/claims.ts';
import { RunClock } from '../../../src/chaos/run/run-clock.ts';
import { SharedLinks, worst } from '../../../src/chaos/run/shared-links.ts';
import { Stopped } from '../../../src/chaos/scenario.ts';
import type { Links, Shape } from '../../../src/chaos/target.ts';
import { virtualClock } from './virtual-clock.ts';

test('a member has one owner; all or none of a claim', async (t) => {
  const clock = new RunClock(virtualClock(), 1e9);
  const claims = new Claims(3, async () => undefined);
  const first = await claims.claim(['n0', 'n1'], false, clock);
  let second = false;
  const waiting = claims.claim(['n1', 'n2'], false, clock).then((claim) => {
    second = true;
    return claim;
  });
  const other = await claims.claim(['n2'], false, clock);
  other.release();
  t.false(second);
  first.release();
  (await waiting).release();
  t.true(second);
});

test('what loses synced data stays within a minority until the cluster has settled', async (t) => {
  const clock = new RunClock(virtualClock(), 1e9);
  let settle: () => void = () => undefined;
  const claims = new Claims(
    3,
    () =>
      new Promise<void>((resolve) => {
        settle = resolve;
      }),
  );
  const first = await claims.claim(['n0'], true, clock);
  let done = false;
  const second = claims.claim(['n1'], true, clock).then((claim) => {
    done = true;
    return claim;
  });
  first.release();
  // Free again, and still damaged: it may die, another one may not lose its data.
  (await claims.claim(['n0'], false, clock)).release();
  t.false(done);
  settle();
  (await second).release();
  t.true(done);
});

test('who is damaged again before the cluster has settled is not whole when it has settled for the first time', async (t) => {
  const clock = new RunClock(virtualClock(), 1e9);
  const settle: (() => void)[] = [];
  const claims = new Claims(3, () => new Promise<void>((resolve) => void settle.push(resolve)));
  (await claims.claim(['n0'], true, clock)).release();
  const again = await claims.claim(['n0'], true, clock);
  let done = false;
  const other = claims.claim(['n1'], true, clock).then((claim) => {
    done = true;
    return claim;
  });
  settle[0]?.();
  for (let turns = 0; turns < 10; turns++) (await claims.claim(['n2'], false, clock)).release();
  t.false(done);
  again.release();
  settle[1]?.();
  (await other).release();
  t.true(done);
});

test('a wait for a claim ends with the run', async (t) => {
  const clock = new RunClock(virtualClock(), 500);
  const claims = new Claims(3, async () => undefined);
  await claims.claim(['n0'], false, clock);
  await t.throwsAsync(claims.claim(['n0'], false, clock), { instanceOf: Stopped });
});

test('as many scripts as there are may wait, and one that is over is not listened for', async (t) => {
  const stop = new AbortController();
  const warnings: string[] = [];
  const warned = ({ name }: Error): unknown => warnings.push(name);
  process.on('warning', warned);
  t.teardown(() => process.off('warning', warned));
  for (let i = 0; i < 20; i++) {
    const clock = new RunClock(virtualClock(), 500, stop.signal);
    await Promise.all(
      Array.from({ length: 20 }, () => t.throwsAsync(clock.pause(500), { instanceOf: Stopped })),
    );
    clock.end();
  }
  const together = Array.from({ length: 3 }, () => new RunClock(virtualClock(), 500, stop.signal));
  await nextTurn();
  collectGarbage();
  for (const clock of together) clock.end();
  t.is(getEventListeners(stop.signal, 'abort').length, 0, 'also after what is held weakly has gone');
  await nextTurn();
  t.deepEqual(warnings, []);
});

function fakeLinks() {
  const calls: string[] = [];
  const links: Links = {
    how: 'proxy',
    why: 'a test',
    can: () => true,
    shape: async (from, to, shape: Shape) => {
      calls.push(`${from}>${to} ${JSON.stringify(shape)}`);
    },
    heal: async () => {
      calls.push('heal');
    },
  };
  return { links, calls };
}

test('links of two scripts: the worse of both, and each heals its own alone', async (t) => {
  const { links, calls } = fakeLinks();
  const shared = new SharedLinks(links);
  const [a, b] = [shared.view(), shared.view()];
  await a.shape('n0', 'n1', { delayMs: 75, jitterMs: 50 });
  await b.shape('n0', 'n1', { cut: true });
  await a.heal();
  await b.heal();
  t.deepEqual(calls, [
    'n0>n1 {"delayMs":75,"jitterMs":50}',
    'n0>n1 {"cut":true,"delayMs":75,"jitterMs":50}',
    'n0>n1 {"cut":true}',
    'heal',
  ]);
});

test('the worse of two shapes in each respect', (t) => {
  t.deepEqual(
    worst([
      { loss: 0.1, bytesPerSecond: 100 },
      { loss: 0.5, bytesPerSecond: 1000, delayMs: 3 },
    ]),
    {
      loss: 0.5,
      bytesPerSecond: 100,
      delayMs: 3,
    },
  );
  t.deepEqual(worst([]), {});
});
