import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { openMirrors } from '../../src/mirrors/sdk/open-mirrors.ts';
import { failed } from '../../src/mirrors/sources/failed.ts';
import { liveKey } from '../../src/mirrors/state/keys.ts';
import { content } from './fake-origin.ts';
import { settle, skewed } from './test-clock.ts';
import { codeOf, source, world } from './world.ts';

test('the first poll makes the mirror, the next ones are served from it until it is stale', async (t) => {
  const { clock, origin, open, close } = world();
  const mirrors = await open();
  const first = await mirrors.poll('s/a');
  t.is(first.hit, 'origin');
  t.deepEqual(first.value, { cpu: 1 });
  await settle();
  await clock.advance(59_000);
  const second = await mirrors.poll('s/a');
  t.is(second.hit, 'fresh');
  t.true(second.ageMs >= 59_000 && second.ageMs < 60_000);
  t.is(origin.asked.length, 1);
  await clock.advance(2000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  t.is(origin.asked.length, 2);
  t.deepEqual(mirrors.hits.total(), { fresh: 1, predicted: 0, origin: 2, stale: 0, direct: 0 });
  await close();
});

test('one call of the origin for all that ask at the same time, in all processes', async (t) => {
  const { origin, open, close } = world();
  const processes = await Promise.all(Array.from({ length: 50 }, () => open()));
  origin.hold();
  const polls = processes.flatMap((mirrors) => [mirrors.poll('s/a'), mirrors.poll('s/a')]);
  await settle();
  t.is(origin.asked.length, 1);
  origin.release();
  const states = await Promise.all(polls);
  t.true(states.every(({ value }) => JSON.stringify(value) === '{"cpu":1}'));
  t.is(origin.asked.length, 1);
  await close();
});

test('who joins another reader’s look waits for as long as it wants to itself', async (t) => {
  const { clock, origin, open, close } = world();
  const mirrors = await open();
  origin.hold();
  const first = mirrors.poll('s/a', { waitMs: 9000 });
  await settle();
  const second: string[] = [];
  void codeOf(mirrors.poll('s/a', { waitMs: 100 })).then((code) => second.push(code));
  await clock.advance(150);
  t.deepEqual(second, ['deadline-exceeded']);
  origin.release();
  t.is((await first).hit, 'origin');
  await close();
});

test('a process that dies while it asks holds the others up for the time of its lease, no longer', async (t) => {
  const { clock, origin, cluster, open, close } = world();
  const [dying, living] = [await open(), await open()];
  origin.hold();
  const lost = codeOf(dying.poll('s/a', { waitMs: 1 }));
  await settle();
  t.is(origin.asked.length, 1);
  // Dead: it neither renews nor writes.
  const lease = await dying.lease.id();
  await cluster.client().revokeLease(lease);
  dying.lease.lost();
  const polled = living.poll('s/a');
  await clock.advance(500);
  t.is(origin.asked.length, 2);
  origin.release();
  t.deepEqual((await polled).value, { cpu: 1 });
  await lost;
  await close();
});

test('the budget is one for all: what is left over waits or says so, a stale mirror is served and says so', async (t) => {
  const { clock, origin, open, close } = world({ budget: { perMinute: 6, burst: 2 }, freshForMs: 1000 });
  for (const key of 'bcd') origin.documents.set(key, { key });
  const [one, other] = [await open(), await open()];
  await one.poll('s/a');
  await other.poll('s/b');
  t.is(await codeOf(one.poll('s/c')), 'over-budget');
  await clock.advance(2000);
  const stale = await other.poll('s/a');
  t.like(stale, { hit: 'stale', fresh: false, value: { cpu: 1 } });
  t.is(stale.trouble?.code, 'over-budget');
  t.is(origin.asked.length, 2);
  await clock.advance(9000);
  t.is((await one.poll('s/a')).hit, 'origin');
  t.is(origin.asked.length, 3);
  await close();
});

test('an older answer never replaces a newer: by version, by Last-Modified, by the order of claims', async (t) => {
  const { clock, origin, open, close } = world({ format: { version: '/v' }, freshForMs: 1000 });
  const mirrors = await open();
  origin.documents.set('a', { v: 7 });
  await mirrors.poll('s/a');
  await clock.advance(2000);
  origin.documents.set('a', { v: 6 });
  const guarded = await mirrors.poll('s/a');
  t.like(guarded, { hit: 'stale', value: { v: 7 } });
  t.is(guarded.trouble?.code, 'origin-older');
  await clock.advance(5000);
  origin.answer = () => content({ v: 7, modified: true }, { changedAtMs: 2_000_000 });
  t.like(await mirrors.poll('s/a'), { value: { modified: true } });
  await clock.advance(2000);
  origin.answer = () => content({ v: 7, modified: false }, { changedAtMs: 1_000_000 });
  t.like(await mirrors.poll('s/a'), { hit: 'stale', value: { modified: true } });
  await close();
});

test('an answer that comes after a later look was written is not taken', async (t) => {
  const { clock, origin, cluster, open, close } = world({ timeoutMs: 60_000 });
  const [slow, quick] = [await open(), await open()];
  origin.hold();
  const late = slow.poll('s/a', { waitMs: 50_000 });
  await settle();
  const release = origin.release.bind(origin);
  // Its claim ends, as if it had been paused for longer than its lease.
  await cluster.client().revokeLease(await slow.lease.id());
  slow.lease.lost();
  origin.documents.set('a', { cpu: 2 });
  const held = origin.asked.length;
  const polled = quick.poll('s/a', { waitMs: 50_000 });
  await clock.advance(500);
  t.is(origin.asked.length, held + 1);
  // Both answer now: the first with what it read then.
  origin.answer = ({ signal }) => (signal.aborted ? content(null) : content({ cpu: 2 }));
  release();
  t.deepEqual((await polled).value, { cpu: 2 });
  await late;
  await settle();
  t.deepEqual(quick.peek('s/a')?.value, { cpu: 2 });
  await close();
});

test('no cluster: the mirror while it is fresh, then the origin itself, within a budget of its own, and it says so', async (t) => {
  const { clock, origin, cluster, open, close } = world();
  const mirrors = await open({ directBudget: { perMinute: 1, burst: 2 } });
  await mirrors.poll('s/a');
  cluster.reachable = false;
  t.is((await mirrors.poll('s/a')).hit, 'fresh');
  await clock.advance(61_000);
  origin.documents.set('a', { cpu: 5 });
  const asked = mirrors.poll('s/a');
  await clock.advance(2500);
  const direct = await asked;
  t.like(direct, { hit: 'direct', value: { cpu: 5 } });
  t.truthy(direct.trouble);
  for (const key of 'bc') origin.documents.set(key, {});
  t.is((await mirrors.poll('s/b')).hit, 'direct');
  t.is(await codeOf(mirrors.poll('s/c')), 'over-budget');
  cluster.reachable = true;
  await clock.advance(5000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  await close();
});

test('an origin in trouble: the last state with why; it is left alone for longer and longer', async (t) => {
  const { clock, origin, open, close } = world({ freshForMs: 1000 });
  const mirrors = await open();
  await mirrors.poll('s/a');
  await clock.advance(1500);
  origin.answer = () => failed('origin-failed', 'the origin fails with status 500');
  const stale = await mirrors.poll('s/a');
  t.like(stale, { hit: 'stale', value: { cpu: 1 } });
  t.is(stale.trouble?.code, 'origin-failed');
  t.is(origin.asked.length, 2);
  await settle();
  t.is((await mirrors.poll('s/a')).trouble?.code, 'origin-failed');
  t.is(origin.asked.length, 2);
  await clock.advance(1100);
  await mirrors.poll('s/a');
  t.is(origin.asked.length, 3);
  await clock.advance(1100);
  await mirrors.poll('s/a');
  t.is(origin.asked.length, 3);
  origin.answer = null;
  await clock.advance(2000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  await close();
});

test('Retry-After holds for all resources of the source', async (t) => {
  const { clock, origin, open, close } = world({ freshForMs: 1000 });
  origin.documents.set('b', {});
  const [one, other] = [await open(), await open()];
  await one.poll('s/a');
  await clock.advance(1500);
  origin.answer = () => failed('origin-busy', 'the origin asks for patience', 30_000);
  t.is((await one.poll('s/a')).trouble?.code, 'origin-busy');
  origin.answer = null;
  await settle();
  t.is(await codeOf(other.poll('s/b')), 'over-budget');
  await clock.advance(29_000);
  t.is((await one.poll('s/a')).hit, 'stale');
  t.is(origin.asked.length, 2);
  await clock.advance(2000);
  t.is((await one.poll('s/a')).hit, 'origin');
  await close();
});

test('a resource that is gone is gone for all, without a call each; it may come back', async (t) => {
  const { clock, origin, open, close } = world();
  const [one, other] = [await open(), await open()];
  t.is(await codeOf(one.poll('s/none')), 'resource-missing');
  await settle();
  t.is(await codeOf(other.poll('s/none')), 'resource-missing');
  t.is(origin.asked.length, 1);
  await one.poll('s/a');
  origin.documents.delete('a');
  await one.invalidate('s/a');
  await settle();
  t.is(await codeOf(other.poll('s/a')), 'resource-missing');
  await clock.advance(61_000);
  origin.documents.set('a', { cpu: 3 });
  t.deepEqual((await other.poll('s/a')).value, { cpu: 3 });
  await close();
});

test('invalidation: not fresh from now on; one that comes while somebody looks is not forgotten', async (t) => {
  const { origin, open, close } = world();
  const mirrors = await open();
  await mirrors.poll('s/a');
  await mirrors.invalidate('s/a');
  await settle();
  origin.hold();
  const polled = mirrors.poll('s/a');
  await settle();
  await mirrors.invalidate('s/a');
  origin.release();
  await polled;
  await settle();
  t.is(origin.asked.length, 2);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  await settle();
  t.is((await mirrors.poll('s/a')).hit, 'fresh');
  t.is(origin.asked.length, 3);
  await close();
});

test('calendars that differ by an hour: what is fresh stays fresh, ages are right', async (t) => {
  for (const skewMs of [3_600_000, -3_600_000]) {
    const { clock, open, close, origin } = world();
    const reader = await open();
    const writer = await open({}, skewed(clock, skewMs));
    await writer.poll('s/a');
    await settle();
    await clock.advance(10_000);
    const read = await reader.poll('s/a');
    t.is(read.hit, 'fresh', `skew ${skewMs}`);
    t.true(Math.abs(read.ageMs - 10_000) < 500, `age ${read.ageMs}`);
    t.is(origin.asked.length, 1);
    await close();
  }
});

test('what is not to be mirrored goes to the origin each time, and leaves nothing behind', async (t) => {
  const { cluster, origin, open, close } = world({ except: ['tmp-*'] });
  origin.documents.set('tmp-1', { n: 1 });
  const mirrors = await open();
  t.is((await mirrors.poll('s/tmp-1')).hit, 'direct');
  t.is((await mirrors.poll('s/tmp-1')).hit, 'direct');
  t.is((await mirrors.poll('s/a', { mirror: false })).hit, 'direct');
  t.is(origin.asked.length, 3);
  const { values } = await cluster.client().get(liveKey('value', { source: 's', key: '' }), { prefix: true });
  t.is(values.length, 0);
  await close();
});

test('an event of what nobody mirrors, or may, makes nothing; one during the first look is not lost', async (t) => {
  const { cluster, origin, open, close } = world({ except: ['tmp-*'] });
  origin.documents.set('tmp-1', { n: 1 });
  const mirrors = await open();
  t.deepEqual(await mirrors.invalidate('nosuch/x', 's/tmp-1', 's/a'), []);
  t.is((await mirrors.refresh('s/tmp-1')).hit, 'direct');
  const { values } = await cluster.client().get('mirrors/live/', { prefix: true });
  // The call was the source's.
  t.deepEqual(
    values.map(({ key }) => Buffer.from(key).toString()),
    ['mirrors/live/b/s'],
  );
  origin.hold();
  const polled = mirrors.poll('s/a');
  await settle();
  t.deepEqual(await mirrors.invalidate('s/a', 's/b'), ['s/a']);
  origin.release();
  await polled;
  await settle();
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  await settle();
  t.deepEqual(await mirrors.invalidate('s/a'), ['s/a']);
  await close();
});

test('stale-while-revalidate where the source says so', async (t) => {
  const { clock, origin, open, close } = world({ onStale: 'serve' });
  const mirrors = await open();
  await mirrors.poll('s/a');
  await clock.advance(61_000);
  origin.documents.set('a', { cpu: 2 });
  t.like(await mirrors.poll('s/a'), { hit: 'stale', value: { cpu: 1 } });
  await settle();
  t.like(await mirrors.poll('s/a'), { hit: 'fresh', value: { cpu: 2 } });
  await close();
});

test('a watch yields the present state, then every change, and that it is gone', async (t) => {
  const { origin, open, close } = world();
  const [watcher, other] = [await open(), await open()];
  const abort = new AbortController();
  const events = watcher.watch('s/a', { signal: abort.signal });
  t.like((await events.next()).value, { kind: 'state', state: { value: { cpu: 1 } } });
  origin.documents.set('a', { cpu: 9 });
  await other.refresh('s/a');
  t.like((await events.next()).value, { kind: 'state', state: { value: { cpu: 9 } } });
  origin.documents.delete('a');
  await codeOf(other.refresh('s/a'));
  t.like((await events.next()).value, { kind: 'missing' });
  abort.abort();
  t.true((await events.next()).done);
  await close();
});

test('without any refresher a watch sees changes all the same', async (t) => {
  for (const refresh of ['on-demand', 'predicted']) {
    const { clock, origin, open, close } = world({ refresh, freshForMs: 20_000 });
    const watchers = [await open(), await open()];
    const events = watchers.map((mirrors) => mirrors.watch('s/a'));
    for (const each of events) t.like((await each.next()).value, { state: { value: { cpu: 1 } } });
    origin.documents.set('a', { cpu: 2 });
    await clock.advance(35_000);
    for (const each of events) t.like((await each.next()).value, { state: { value: { cpu: 2 } } });
    t.is(origin.asked.length, 2);
    await Promise.all(watchers.map((mirrors) => mirrors.close()));
    await close();
  }
});

test('mirrors open while the cluster is down: the origin answers until it is there', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  const one = await open();
  cluster.reachable = false;
  let connects = 0;
  let closed = 0;
  const opening = openMirrors(
    async () => {
      connects++;
      if (!cluster.reachable) throw new TanistError('unavailable', 'no endpoint answers');
      return Object.assign(cluster.client(), { [Symbol.asyncDispose]: async () => void closed++ });
    },
    { clock, startMs: 1000, sources: one.ports.sources, may: { own: { fake: origin } } },
  );
  await clock.advance(1100);
  const mirrors = await opening;
  t.like(await mirrors.poll('s/a'), { hit: 'direct', value: { cpu: 1 } });
  t.true(connects > 1);
  cluster.reachable = true;
  await clock.advance(1000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  t.is((await mirrors.poll('s/a')).hit, 'fresh');
  await mirrors.close();
  t.is(closed, 1);
  await close();
});

test('past the cluster an origin in trouble is left alone, too', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  cluster.reachable = false;
  const opening = open({ startMs: 10, directBudget: { perMinute: 600, burst: 100 } });
  await clock.advance(20);
  const mirrors = await opening;
  origin.answer = () => failed('origin-failed', 'the origin fails with status 500');
  for (let second = 0; second < 30; second++) {
    t.is(await codeOf(mirrors.poll('s/a')), 'origin-failed');
    await clock.advance(1000);
  }
  // At 0, 1, 3, 7, 15 s.
  t.is(origin.asked.length, 5);
  origin.answer = () => failed('origin-busy', 'the origin asks for patience', 60_000);
  t.is(await codeOf(mirrors.poll('s/b')), 'origin-busy');
  t.is(await codeOf(mirrors.poll('s/c')), 'over-budget');
  await clock.advance(58_000);
  t.is(await codeOf(mirrors.poll('s/b')), 'origin-busy');
  t.is(origin.asked.length, 6);
  await clock.advance(3000);
  origin.answer = null;
  origin.documents.set('b', {});
  t.is((await mirrors.poll('s/b')).hit, 'direct');
  cluster.reachable = true;
  await clock.advance(500);
  await close();
});

test('what is not mirrored is within the source’s budget, which is one for all processes', async (t) => {
  const { clock, origin, open, close } = world({ mirror: false, budget: { perMinute: 60, burst: 30 } });
  const processes = [await open(), await open(), await open()];
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  for (const key of keys) origin.documents.set(key, {});
  const codes = Promise.all(
    keys.map((key, i) => codeOf(processes[i % 3]!.poll(`s/${key}`, { waitMs: 500 }))),
  );
  await clock.advance(600);
  const counts = (await codes).filter((code) => code === 'none').length;
  t.is(counts, 30);
  t.true((await codes).every((code) => code === 'none' || code === 'over-budget'));
  t.is(origin.asked.length, 30);
  await close();
});

test('wrong calls have their codes', async (t) => {
  const { open, close } = world();
  const mirrors = await open();
  t.is(await codeOf(mirrors.poll('nothing')), 'invalid-argument');
  t.is(await codeOf(mirrors.poll('unknown/a')), 'source-unknown');
  await close();
  t.is(await codeOf(mirrors.poll('s/a')), 'closed');
});

test('what is too large for the cluster: the reader has it, the mirror says why it has not, nobody is held up', async (t) => {
  const { clock, origin, open, close } = world();
  const [one, other] = [await open(), await open()];
  origin.documents.set('a', { text: 'x'.repeat(2_000_000) });
  t.is((await one.poll('s/a')).hit, 'origin');
  await clock.advance(700);
  t.is(await codeOf(other.poll('s/a')), 'origin-too-large');
  origin.documents.set('a', { text: 'small' });
  await clock.advance(2000);
  t.is((await other.poll('s/a')).hit, 'origin');
  await close();
});

test('a changed format counts at once: nothing is taken for unchanged that was kept in another form', async (t) => {
  const { clock, origin, open, close } = world();
  origin.answer = ({ validators }) =>
    validators?.etag === 'v1'
      ? { kind: 'unchanged', originMs: null }
      : content({ cpu: 1, os: 'linux' }, { validators: { etag: 'v1' } });
  const before = await open({ sources: { s: { ...source, format: { fields: { cpu: '/cpu' } } } } });
  t.deepEqual((await before.poll('s/a')).value, { cpu: 1 });
  await clock.advance(61_000);
  t.deepEqual((await before.poll('s/a')).value, { cpu: 1 });
  await clock.advance(61_000);
  const after = await open({ sources: { s: { ...source, format: { fields: { os: 'os' } } } } });
  t.deepEqual((await after.poll('s/a')).value, { os: 'linux' });
  await close();
});

test('a failure stamped by a calendar that is an hour ahead holds nobody up for an hour', async (t) => {
  for (const skewMs of [3_600_000, -3_600_000]) {
    const { clock, origin, open, close } = world({ freshForMs: 1000 });
    const reader = await open();
    const writer = await open({}, skewed(clock, skewMs));
    origin.answer = () => failed('origin-busy', 'the origin asks for patience', 10_000);
    t.is(await codeOf(writer.poll('s/a')), 'origin-busy');
    await settle();
    t.is(await codeOf(reader.poll('s/a')), 'origin-busy');
    const late = await open();
    const code = await codeOf(late.poll('s/a'));
    t.true(code === 'origin-busy' || code === 'over-budget', code);
    origin.answer = null;
    await clock.advance(11_000);
    t.is((await reader.poll('s/a')).hit, 'origin', `skew ${skewMs}`);
    await close();
  }
});

test('a claim that was made and whose answer was lost holds nobody up', async (t) => {
  const { clock, cluster, origin, open, close } = world();
  const [one, other] = [await open(), await open()];
  await one.lease.id();
  cluster.mute = 1;
  const polled = one.poll('s/a');
  await clock.advance(4900);
  t.truthy(other.live.entries.get('s/a')?.claim);
  const late = other.poll('s/a');
  await clock.advance(700);
  t.deepEqual([(await polled).hit, (await late).hit], ['origin', 'origin']);
  t.is(origin.asked.length, 1);
  await close();
});
