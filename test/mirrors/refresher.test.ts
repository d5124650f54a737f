import test from 'ava';
import { ReadReports } from '../../src/mirrors/health/read-reports.ts';
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

test('a refresher that may not ask an origin has no share of its resources', async (t) => {
  const { clock, origin, open, close } = world({
    refresh: 'interval',
    freshForMs: 1000,
    budget: { perMinute: 6000, burst: 100 },
  });
  const [able, unable] = [await open({ name: 'able' }), await open({ name: 'unable', may: {} })];
  const refreshers = [new Refresher(able), new Refresher(unable)];
  for (const refresher of refreshers) refresher.start();
  const names = Array.from({ length: 20 }, (_, i) => `k${i}`);
  for (const name of names) origin.documents.set(name, { name });
  for (const name of names) await able.poll(`s/${name}`);
  await clock.advance(1000);
  t.deepEqual(
    refreshers.map((refresher) => refresher.owned().length),
    [20, 0],
  );
  origin.asked.length = 0;
  await clock.advance(5000);
  t.is(new Set(origin.asked).size, 20);
  for (const refresher of refreshers) await refresher.stop();
  await close();
});

test('a refresher that lacks a secret gives its share away when it finds out', async (t) => {
  await using server = await httpServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{}');
  });
  const { clock, open, close } = world();
  const origin = { kind: 'http', url: `${server.url}/{key}`, headers: { 'x-key': { env: 'OWN_SECRET' } } };
  const sources = { h: { origin, refresh: 'on-demand' } };
  process.env.OWN_SECRET = 'geheim';
  const prefixed = (environmentPrefix: string) => ({ secrets: { environmentPrefix, folder: null } });
  const able = await open({ name: 'able', sources, may: prefixed('OWN_') });
  const unable = await open({ name: 'unable', sources, may: prefixed('OTHER_') });
  const refreshers = [new Refresher(able), new Refresher(unable)];
  for (const refresher of refreshers) refresher.start();
  await clock.advance(500);
  const name = Array.from({ length: 50 }, (_, i) => `h/k${i}`).find((each) => refreshers[1]!.set.owns(each))!;
  await unable.ask(name);
  await clock.advance(1000);
  t.true(refreshers[0]!.set.owns(name));
  while (able.peek(name) === null) {
    await clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(server.requests.length, 1);
  for (const refresher of refreshers) await refresher.stop();
  await close();
});

test('a refresher made after the process’s first poll is one of them', async (t) => {
  const { clock, open, close } = world({ refresh: 'interval', freshForMs: 1000 });
  const mirrors = await open({ name: 'r0' });
  await mirrors.poll('s/a');
  const refresher = new Refresher(mirrors);
  refresher.start();
  await clock.advance(3000);
  t.deepEqual([...refresher.set.members], ['r0']);
  t.true(mirrors.live.entry('s/a').check!.counts.looks >= 2);
  await refresher.stop();
  await close();
});

test('what is watched is no idle resource', async (t) => {
  const { clock, origin, open, close } = world({
    refresh: 'interval',
    freshForMs: 60_000,
    idleMs: 30_000,
    budget: { perMinute: 6000, burst: 100 },
  });
  const refresher = new Refresher(await open());
  refresher.start();
  const watcher = await open({ reportMs: 10_000 });
  const events = watcher.watch('s/a');
  t.like((await events.next()).value, { state: { value: { cpu: 1 } } });
  await clock.advance(600_000);
  origin.documents.set('a', { cpu: 2 });
  const before = origin.asked.length;
  await clock.advance(63_000);
  t.like((await events.next()).value, { state: { value: { cpu: 2 } } });
  t.is(origin.asked.length, before + 1);
  t.not(watcher.live.entry('s/a').check?.by, watcher.ports.by);
  await watcher.close();
  await events.next();
  await refresher.stop();
  await close();
});

test('a mirror that nobody has read for long enough is taken away, a watched or read one is not', async (t) => {
  const { clock, cluster, origin, open, close } = world({
    freshForMs: 1000,
    idleMs: 10_000,
    forgetMs: 60_000,
    budget: { perMinute: 60_000, burst: 1000 },
  });
  const refresher = new Refresher(await open());
  refresher.start();
  const reader = await open({ reportMs: 5000 });
  const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
  for (const name of names) origin.documents.set(name, {});
  for (const name of names) await reader.poll(`s/${name}`);
  const events = reader.watch('s/a');
  await events.next();
  for (let step = 0; step < 12; step++) {
    await clock.advance(10_000);
    reader.peek('s/k0');
  }
  t.deepEqual([...reader.live.entries.keys()].sort(), ['s/a', 's/k0']);
  const { values } = await cluster.client().get('mirrors/history/', { prefix: true });
  t.true(values.length <= 2);
  const again = reader.poll('s/k1');
  await clock.advance(100);
  t.is((await again).hit, 'origin');
  await refresher.stop();
  await reader.close();
  await events.next();
  await close();
});

test('reads of more resources than a report holds are all heard of', async (t) => {
  const { clock, origin, open, close } = world({ budget: { perMinute: 600_000, burst: 5000 } });
  const mirrors = await open({ reportMs: 1000 });
  const reader = await open();
  const names = Array.from({ length: 1600 }, (_, i) => `k${i}`);
  for (const name of names) origin.documents.set(name, {});
  const polls = Promise.all(names.map((name) => mirrors.poll(`s/${name}`)));
  await clock.advance(500);
  await polls;
  for (let second = 0; second < 8; second++) {
    for (const name of names) mirrors.peek(`s/${name}`);
    await clock.advance(1000);
  }
  const reports = new ReadReports(reader.ports.client, clock);
  await reports.read();
  t.deepEqual(
    names.filter((name) => !((reports.readsPerSecond(`s/${name}`) ?? 0) > 0.5)),
    [],
  );
  const { processes, hits } = await reader.health();
  t.is(processes, 1);
  t.true(hits.fresh >= 1600 * 7);
  await close();
});

test('of mirrors that are gone no reads are remembered', async (t) => {
  const { clock, origin, open, close } = world();
  const mirrors = await open();
  origin.documents.set('k0', {});
  await mirrors.poll('s/k0');
  await clock.advance(11_000);
  let there = true;
  const reports = new ReadReports(mirrors.ports.client, clock, () => there);
  await reports.read();
  for (let i = 0; i < 20; i++) reports.idleMs(`s/k${i}`);
  t.is(reports.size, 20);
  there = false;
  await reports.read();
  t.is(reports.size, 0);
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
