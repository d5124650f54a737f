import test from 'ava';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { leaveToReaders } from '../../src/mirrors/invalidation/wanted.ts';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import { settle } from './test-clock.ts';
import { world } from './world.ts';

const unforeseen = { refresh: 'predicted', freshForMs: 3_600_000, budget: { perMinute: 1, burst: 4 } };

/** Leaves a look at `s/a` to readers, as its refresher does. */
async function leave(mirrors: Mirrors, patienceMs: number | null): Promise<void> {
  const { client, clock, by } = mirrors.ports;
  const record = { reason: 'due', by, atMs: clock.wallMs(), patienceMs } as const;
  await leaveToReaders(client, mirrors.live.entry('s/a'), record);
  await settle();
}

test('a look at what cannot be foreseen is left to readers: one call for all that read it', async (t) => {
  const { clock, origin, open, close } = world(unforeseen);
  const refresher = new Refresher(await open({ name: 'r0' }), { tickMs: 1000 });
  refresher.start();
  const readers = [await open(), await open(), await open()];
  await readers[0]!.poll('s/a');
  const { entries } = readers[1]!.live;
  for (let second = 0; second < 2400 && entries.get('s/a')?.wanted?.reason !== 'due'; second++)
    await clock.advance(1000);
  t.is(entries.get('s/a')?.wanted?.reason, 'due');
  const before = origin.asked.length;
  origin.documents.set('a', { cpu: 2 });
  const polls = readers.flatMap((reader) => [reader.poll('s/a'), reader.poll('s/a')]);
  await clock.advance(1000);
  const states = await Promise.all(polls);
  t.true(states.every(({ value, hit }) => JSON.stringify(value) === '{"cpu":2}' && hit === 'origin'));
  t.is(origin.asked.length, before + 1);
  await settle();
  t.is(readers[1]!.live.entry('s/a').wanted, null);
  t.is((await readers[2]!.poll('s/a')).hit, 'fresh');
  await refresher.stop();
  await close();
});

for (const config of [{ waitingReads: 0 }, { onStale: 'serve' }]) {
  test(`${JSON.stringify(config)}: looks are made ahead of readers, who never wait`, async (t) => {
    const { clock, origin, open, close } = world({ ...unforeseen, ...config });
    const refresher = new Refresher(await open({ name: 'r0' }), { tickMs: 1000 });
    refresher.start();
    const reader = await open();
    await reader.poll('s/a');
    await clock.advance(40 * 60_000);
    t.true(origin.asked.length > 2);
    t.is((await reader.poll('s/a')).hit, 'predicted');
    await refresher.stop();
    await close();
  });
}

test('no reader within the patience: its refresher looks', async (t) => {
  const { clock, origin, open, close } = world();
  const mirrors = await open({ name: 'r0' });
  const refresher = new Refresher(mirrors);
  refresher.start();
  await mirrors.poll('s/a');
  await clock.advance(300);
  await leave(mirrors, 10_000);
  await clock.advance(9000);
  t.is(origin.asked.length, 1);
  await clock.advance(2000);
  t.is(origin.asked.length, 2);
  t.is(mirrors.live.entry('s/a').check?.reason, 'due');
  t.is(mirrors.live.entry('s/a').wanted, null);
  await refresher.stop();
  await close();
});

test('no calls are left for a look that is due: the mirror is fresh, and says so', async (t) => {
  const { origin, open, close } = world({ budget: { perMinute: 0.001, burst: 1 } });
  const mirrors = await open();
  await mirrors.poll('s/a');
  await leave(mirrors, null);
  const { hit, fresh, trouble } = await mirrors.poll('s/a');
  t.deepEqual([hit, fresh, trouble], ['fresh', true, null]);
  t.is(origin.asked.length, 1);
  await close();
});

test('who may not wait has the mirror at once, and the look is made behind', async (t) => {
  const { origin, open, close } = world();
  const mirrors = await open();
  await mirrors.poll('s/a');
  origin.documents.set('a', { cpu: 2 });
  await leave(mirrors, null);
  const state = await mirrors.poll('s/a', { onStale: 'serve' });
  t.deepEqual([state.hit, state.value], ['fresh', { cpu: 1 }]);
  await settle();
  t.deepEqual((await mirrors.poll('s/a')).value, { cpu: 2 });
  t.is(origin.asked.length, 2);
  await close();
});

test('who watches is a reader: what is due is looked at, and the change is told', async (t) => {
  const { clock, origin, open, close } = world();
  const mirrors = await open();
  const watch = mirrors.watch('s/a');
  t.like((await watch.next()).value, { kind: 'state', state: { value: { cpu: 1 } } });
  origin.documents.set('a', { cpu: 2 });
  const next = watch.next();
  await settle();
  await leave(mirrors, null);
  await clock.advance(500);
  t.like((await next).value, { kind: 'state', state: { value: { cpu: 2 } } });
  t.is(origin.asked.length, 2);
  await watch.return(undefined);
  await close();
});

test.serial(
  'an event is not forgotten over a look that is due (mutant mirror-event-overwritten)',
  async (t) => {
    for (const mutant of [null, 'mirror-event-overwritten'] as const) {
      const { open, close } = world();
      const mirrors = await open();
      await mirrors.poll('s/a');
      await mirrors.invalidate('s/a');
      await settle();
      activateMutant(mutant);
      try {
        await leave(mirrors, null);
      } finally {
        activateMutant(null);
      }
      t.is(mirrors.live.entry('s/a').wanted?.reason, mutant === null ? 'invalidated' : 'due');
      await close();
    }
  },
);

test('what was looked at meanwhile, or is being looked at, is not due', async (t) => {
  const { origin, open, close } = world();
  const mirrors = await open();
  await mirrors.poll('s/a');
  const before = { ...mirrors.live.entry('s/a') };
  await mirrors.refresh('s/a');
  await settle();
  const { client, clock, by } = mirrors.ports;
  const due = { reason: 'due', by, atMs: clock.wallMs(), patienceMs: null } as const;
  await leaveToReaders(client, before, due);
  await settle();
  t.is(mirrors.live.entry('s/a').wanted, null);
  origin.hold();
  const refreshing = mirrors.refresh('s/a');
  await settle();
  await leave(mirrors, null);
  t.is(mirrors.live.entry('s/a').wanted, null);
  origin.release();
  await refreshing;
  await close();
});
