import test from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { MemoryState } from './memory-state.ts';
import { held, key, registryConformance, sandbox } from './registry-conformance.ts';

registryConformance(test, 'in memory', async () => ({
  registry: new StateRegistry(new MemoryState(), systemClock),
  stop: async () => undefined,
}));

test('registrations of one turn are few transactions', async (t) => {
  const state = new MemoryState();
  const registry = new StateRegistry(state, systemClock);
  await registry.join(sandbox('one'), 10_000);
  state.counts.txn = 0;
  await Promise.all(Array.from({ length: 420 }, (_, i) => registry.register('one', [held(`${i}`)])));
  t.is(state.counts.txn, 10); // 3 keys an object, 42 objects in a transaction of at most 128
});

test('a registration after the lease ended fails; joined again, it is taken', async (t) => {
  const state = new MemoryState();
  const registry = new StateRegistry(state, systemClock);
  const { lease } = await registry.join(sandbox('one'), 10_000);
  await registry.register('one', [held('x')]);
  state.endLease(lease);
  await t.throwsAsync(registry.register('one', [held('x')]), { code: 'sandbox-unknown' });
  await registry.join(sandbox('one'), 10_000);
  await registry.register('one', [held('x')]);
  t.is((await registry.lookup([key('x')]))[0]?.length, 1);
});

test('another client of the same registry sees a new lease of the sandbox', async (t) => {
  const state = new MemoryState();
  const here = new StateRegistry(state, systemClock);
  const there = new StateRegistry(state, systemClock);
  await here.join(sandbox('one'), 10_000);
  await there.register('one', [held('x')]);
  await here.join(sandbox('one'), 10_000);
  await there.register('one', [held('y')]);
  t.is((await here.lookup([key('y')]))[0]?.length, 1);
});

test('rows that others wrote are left out', async (t) => {
  const state = new MemoryState();
  const registry = new StateRegistry(state, systemClock);
  const { digest } = key('x');
  for (const [i, value] of [
    '',
    'null',
    '[]',
    '{"a":1}',
    '{"a":"h:1","h":"../x","s":1}',
    '{"a":"h:1","h":"00","s":-1}',
  ].entries())
    await state.put(`dep/k/sha256/${digest}/s${i}`, value);
  t.deepEqual(await registry.lookup([key('x')]), [[]]);
});

test('what one client says of a sandbox is applied in the order in which it was said', async (t) => {
  const registry = new StateRegistry(new MemoryState(), systemClock);
  await registry.join(sandbox('one'), 10_000);
  const objects = Array.from({ length: 300 }, (_, i) => held(`${i}`));
  const registered = registry.register('one', objects);
  const released = registry.release(
    'one',
    objects.slice(0, 150).map(({ keys }) => keys[0]!),
  );
  await Promise.all([registered, released]);
  const found = await registry.lookup(objects.map(({ keys }) => keys[0]!));
  t.deepEqual(
    found.map(({ length }) => length),
    objects.map((_, i) => (i < 150 ? 0 : 1)),
  );
});
