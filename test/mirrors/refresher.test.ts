import test from 'ava';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import { ownerOf } from '../../src/mirrors/refresh/rendezvous.ts';
import { httpServer } from './http-server.ts';
import { settle } from './test-clock.ts';
import { world } from './world.ts';

test('rendezvous: all are somebody’s, evenly; a member that goes moves only its own', (t) => {
  const members = ['n0', 'n1', 'n2', 'n3'];
  const names = Array.from({ length: 4000 }, (_, i) => `s/${i}`);
  const before = names.map((name) => ownerOf(name, members));
  for (const member of members)
    t.true(Math.abs(before.filter((owner) => owner === member).length - 1000) < 150);
  const after = names.map((name) => ownerOf(name, members.slice(1)));
  for (const [i, owner] of before.entries()) if (owner !== 'n0') t.is(after[i], owner);
  t.deepEqual(
    names.map((name) => ownerOf(name, members.toReversed())),
    before,
  );
  t.is(ownerOf('s/a', []), null);
});

test('refreshers share the resources; the work of one that dies is taken over in seconds', async (t) => {
  const { clock, cluster, origin, open, close } = world({
    refresh: 'interval',
    freshForMs: 5000,
    budget: { perMinute: 6000, burst: 100 },
  });
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  for (const key of keys) origin.documents.set(key, { key });
  const mirrors = [await open({ name: 'r0' }), await open({ name: 'r1' })];
  const refreshers = mirrors.map((each) => new Refresher(each));
  for (const refresher of refreshers) refresher.start();
  const reader = await open();
  for (const key of keys) await reader.poll(`s/${key}`);
  await clock.advance(1000);
  const owned = refreshers.map((refresher) => refresher.owned().length);
  t.is(owned[0]! + owned[1]!, 20);
  t.true(owned[0]! > 2 && owned[1]! > 2);
  origin.asked.length = 0;
  await clock.advance(5500);
  t.is(new Set(origin.asked).size, 20);
  t.is(origin.asked.length, 20);
  // r0 dies: it neither renews its lease nor looks.
  const lease = await mirrors[0]!.lease.id();
  await refreshers[0]!.stop();
  await mirrors[0]!.close();
  await cluster
    .client()
    .revokeLease(lease)
    .catch(() => undefined);
  await clock.advance(1000);
  t.is(refreshers[1]!.owned().length, 20);
  origin.asked.length = 0;
  await clock.advance(6000);
  t.is(new Set(origin.asked).size, 20);
  await refreshers[1]!.stop();
  await close();
});

test('a lease that runs out without a word: the others go on within its time-to-live', async (t) => {
  const { clock, open, close } = world();
  const [first, second] = [await open({ name: 'r0' }), await open({ name: 'r1' })];
  const refreshers = [first, second].map((each) => new Refresher(each));
  for (const refresher of refreshers) refresher.start();
  await clock.advance(500);
  t.is(refreshers[1]!.set.members.size, 2);
  // Frozen: its timers do nothing any more.
  first.lease.lost();
  await refreshers[0]!.stop();
  await clock.advance(4500);
  t.deepEqual([...refreshers[1]!.set.members], ['r1']);
  await refreshers[1]!.stop();
  await close();
});

test('clockwork is learned: changes are found soon after they come, with about a call a change', async (t) => {
  const { clock, origin, open, close } = world({
    refresh: 'predicted',
    freshForMs: 3_600_000,
    budget: { perMinute: 1, burst: 4 },
  });
  const mirrors = await open({ name: 'r0' });
  const refresher = new Refresher(mirrors, { tickMs: 5000 });
  refresher.start();
  const periodMs = 120_000;
  let n = 0;
  origin.answer = () => ({
    kind: 'content',
    document: { n },
    validators: {},
    changedAtMs: Date.UTC(2026, 0, 5) + n * periodMs,
    originMs: null,
  });
  await mirrors.poll('s/a');
  let freshMs = 0;
  let stepsMs = 0;
  const counted = () => mirrors.live.entry('s/a').check!.counts;
  let learning = counted();
  for (let minute = 0; minute < 80; minute++) {
    if (minute === 40) learning = counted();
    if (minute % 2 === 0) n = minute / 2;
    for (let second = 0; second < 60; second += 10) {
      await clock.advance(10_000);
      if (minute < 40) continue;
      stepsMs += 10_000;
      if (JSON.stringify(mirrors.peek('s/a')?.value) === JSON.stringify({ n })) freshMs += 10_000;
    }
  }
  // Polling at the same interval, the budget's, would have it right three quarters of the time.
  t.true(freshMs / stepsMs > 0.85, `${freshMs / stepsMs}`);
  t.true(origin.asked.length <= 85, `${origin.asked.length}`);
  const told = mirrors.peek('s/a')!;
  t.true(told.changeExpectedMs !== null && told.changeExpectedMs <= 150_000);
  t.is(told.predictedToHaveChanged, told.changeExpectedMs === 0);
  // Looks that learned were none of a prediction.
  const found = counted().changes - learning.changes;
  const foretold = counted().predictedRight - learning.predictedRight;
  t.true(foretold > 0.8 * found, `${foretold} of ${found}`);
  await refresher.stop();
  await close();
});

test('what is wanted is looked at by its refresher, where the asker cannot', async (t) => {
  const { clock, origin, open, close } = world();
  const able = await open({ name: 'r0' });
  const refresher = new Refresher(able);
  refresher.start();
  const unable = await open({ may: {} });
  await clock.advance(300);
  const polled = unable.poll('s/a');
  await clock.advance(2500);
  t.deepEqual((await polled).value, { cpu: 1 });
  t.is(origin.asked.length, 1);
  await settle();
  await refresher.stop();
  await close();
});

test('a secret that is missing in one process costs the budget next to nothing, and another process has it', async (t) => {
  await using server = await httpServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ authorization: request.headers.authorization ?? null }));
  });
  const { open, close } = world();
  const sources = {
    h: {
      origin: {
        kind: 'http',
        url: `${server.url}/{key}`,
        headers: { authorization: { env: 'TANIST_SECRET_MIRRORS' } },
      },
      budget: { perMinute: 0.01, burst: 3 },
    },
  };
  const without = await open({ sources, may: { secrets: { environmentPrefix: 'OTHER_', folder: null } } });
  for (let i = 0; i < 10; i++) {
    const { kind } = await without.looker.look(
      { source: 'h', key: 'a' },
      without.sources.configOf('h'),
      'asked',
    );
    t.is(kind, 'unable');
    await settle();
  }
  await settle();
  process.env.TANIST_SECRET_MIRRORS = 'geheim';
  const able = await open({ sources });
  t.deepEqual((await able.poll('h/a')).value, { authorization: 'geheim' });
  t.is(server.requests.length, 1);
  await close();
});
