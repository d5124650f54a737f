import test from 'ava';
import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import { type MirrorsOptions, openMirrors } from '../../src/mirrors/sdk/open-mirrors.ts';
import { FakeOrigin } from './fake-origin.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { settle, TestClock } from './test-clock.ts';

const source = {
  origin: { kind: 'own', name: 'fake' },
  freshForMs: 60_000,
  budget: { perMinute: 60, burst: 10 },
};

function world(config: object = {}) {
  const clock = new TestClock();
  const cluster = new MemoryCluster(clock);
  const origin = new FakeOrigin();
  origin.documents.set('a', { cpu: 1, noise: 'x' });
  const open = (options: MirrorsOptions = {}): Promise<Mirrors> =>
    openMirrors(cluster.client(), {
      clock,
      sources: { s: { ...source, ...config } },
      may: { own: { fake: origin } },
      ...options,
    });
  return { clock, cluster, origin, open };
}

test('the first poll makes the mirror, the next ones are served from it until it is stale', async (t) => {
  const { clock, origin, open } = world();
  const mirrors = await open();
  const first = await mirrors.poll('s/a');
  t.is(first.hit, 'origin');
  t.deepEqual(first.value, { cpu: 1, noise: 'x' });
  await settle();
  await clock.advance(59_000);
  const second = await mirrors.poll('s/a');
  t.is(second.hit, 'fresh');
  t.true(second.ageMs >= 59_000 && second.ageMs < 60_000);
  t.is(origin.asked.length, 1);
  await clock.advance(2000);
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  t.is(origin.asked.length, 2);
  await mirrors.close();
});

test('one call of the origin for all that ask at the same time, in all processes', async (t) => {
  const { origin, open } = world();
  const processes = await Promise.all(Array.from({ length: 50 }, () => open()));
  origin.hold();
  const polls = processes.flatMap((mirrors) => [mirrors.poll('s/a'), mirrors.poll('s/a')]);
  await settle();
  t.is(origin.asked.length, 1);
  origin.release();
  const states = await Promise.all(polls);
  t.true(states.every(({ value }) => JSON.stringify(value) === '{"cpu":1,"noise":"x"}'));
  t.is(origin.asked.length, 1);
  await Promise.all(processes.map((mirrors) => mirrors.close()));
});
