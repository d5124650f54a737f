import test from 'ava';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { failed } from '../../src/mirrors/sources/failed.ts';
import { takeCalls } from '../../src/mirrors/state/claim.ts';
import { settle, skewed } from './test-clock.ts';
import { codeOf, world } from './world.ts';

const plenty = { perMinute: 600_000, burst: 1000 };

test('first polls of many resources at once are all answered by the mirrors, in one process and in several', async (t) => {
  for (const processes of [1, 8]) {
    const { clock, origin, open, close } = world({ budget: plenty });
    const mirrors = await Promise.all(Array.from({ length: processes }, () => open()));
    const keys = Array.from({ length: 240 }, (_, i) => `k${i}`);
    for (const key of keys) origin.documents.set(key, { key });
    const polls = keys.map((key, i) => mirrors[i % processes]!.poll(`s/${key}`));
    await clock.advance(3000);
    const hits = (await Promise.all(polls)).map(({ hit }) => hit);
    t.deepEqual([...new Set(hits)], ['origin'], `${processes} processes`);
    t.is(origin.asked.length, 240);
    await close();
  }
});

test('calendars that are a minute apart spend no more than the budget', async (t) => {
  for (const skewMs of [60_000, -60_000, 3_600_000]) {
    const { clock, origin, open, close } = world({ freshForMs: 1, budget: { perMinute: 6, burst: 2 } });
    const processes = [await open({ name: 'here' }), await open({ name: 'there' }, skewed(clock, skewMs))];
    await settle();
    for (let i = 0; i < 200; i++) {
      const polled = codeOf(processes[i % 2]!.poll('s/a'));
      await clock.advance(50);
      await polled;
    }
    t.true(origin.asked.length >= 2 && origin.asked.length <= 3, `${origin.asked.length} calls, ${skewMs}`);
    // And nobody waits for the other's calendar.
    await clock.advance(20_000);
    const before = origin.asked.length;
    await processes[0]!.poll('s/a');
    await clock.advance(10);
    await processes[1]!.poll('s/a');
    t.is(origin.asked.length, before + 2);
    await close();
  }
});

test('a calendar that jumps fills no bucket and holds nobody up', async (t) => {
  const { clock, origin, open, close } = world({ freshForMs: 1, budget: { perMinute: 6, burst: 2 } });
  const mirrors = await open();
  for (const jumpMs of [0, 0, 3_600_000, -7_200_000]) {
    clock.jump(jumpMs);
    await clock.advance(10);
    await codeOf(mirrors.poll('s/a'));
  }
  t.is(origin.asked.length, 2);
  await clock.advance(10_000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  await close();
});

test('an origin that asks for patience has it for all its resources, for longer and longer where it does not say how long', async (t) => {
  const { clock, origin, open, close } = world({ budget: plenty });
  const mirrors = await open();
  origin.answer = () => failed('origin-busy', 'the origin asks for patience');
  for (let i = 0; i < 50; i++) {
    await codeOf(mirrors.poll(`s/r${i}`, { waitMs: 5 }));
    await clock.advance(10);
  }
  t.is(origin.asked.length, 1);
  for (let i = 0; i < 600; i++) {
    const polled = codeOf(mirrors.poll(`s/q${i}`, { waitMs: 5 }));
    await clock.advance(1000);
    await polled;
  }
  t.true(origin.asked.length <= 12, `${origin.asked.length} calls`);
  await close();
});

test('Retry-After is heeded for as long as it says, up to a day', async (t) => {
  const { clock, origin, open, close } = world({ budget: plenty });
  const mirrors = await open();
  origin.answer = () => failed('origin-busy', 'the origin asks for patience', 4 * 3_600_000);
  await codeOf(mirrors.poll('s/a'));
  await clock.advance(3 * 3_600_000);
  t.is(await codeOf(mirrors.poll('s/b')), 'over-budget');
  t.is(origin.asked.length, 1);
  await close();
});

test('a cluster that is slow to answer is no reason to ask the origin past it', async (t) => {
  const { clock, cluster, origin, open, close } = world({ timeoutMs: 20_000 });
  const processes = await Promise.all(Array.from({ length: 20 }, () => open()));
  await Promise.all(processes.map((mirrors) => mirrors.lease.id()));
  cluster.answerMs = 3000;
  const polls = processes.map((mirrors) => mirrors.poll('s/a'));
  await clock.advance(15_000);
  const hits = (await Promise.all(polls)).map(({ hit }) => hit);
  t.deepEqual([...new Set(hits)], ['origin']);
  t.is(origin.asked.length, 1);
  await close();
});

test('a cluster that refuses for a moment is asked again', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  const mirrors = await open();
  await mirrors.lease.id();
  cluster.reachable = false;
  const polled = mirrors.poll('s/a');
  await clock.advance(600);
  cluster.reachable = true;
  await clock.advance(600);
  t.is((await polled).hit, 'origin');
  t.is(origin.asked.length, 1);
  await close();
});

test.serial(
  'who has not heard of a look that was made since makes none (mutant mirror-looks-again)',
  async (t) => {
    for (const mutant of [null, 'mirror-looks-again'] as const) {
      const { cluster, open, close } = world();
      const mirrors = await open();
      await mirrors.poll('s/a');
      await settle();
      const id = { source: 's', key: 'a' };
      const call = {
        claim: { id, record: { by: 'p', number: 1, reason: 'stale', atMs: 0 }, checkRevision: 0 },
      } as const;
      const known = mirrors.live.budgets.known('s');
      activateMutant(mutant);
      try {
        const outcome = await takeCalls(cluster.client(), {
          source: 's',
          isShared: false,
          lease: await mirrors.lease.id(),
          calls: [call],
          known,
          after: known!.record,
          deadlineMs: 1000,
        });
        t.is(outcome.kind, mutant === null ? 'refused' : 'taken');
        if (outcome.kind === 'refused') t.is(outcome.obstacles.get(call)?.kind, 'moved');
      } finally {
        activateMutant(null);
      }
      await close();
    }
  },
);
