import test from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { Dependencies } from '../../src/client/dependencies.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import type { LeaseId } from '../../src/foundation/ids.ts';
import { decodeJoin, encodeSandboxLease } from '../../src/protocol/dependencies.ts';
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

for (const held of ['grantLease', 'txn'] as const)
  test(`a copy of a join that comes late is the same join, also from before its ${held}`, async (t) => {
    const state = new MemoryState();
    let go = (): void => undefined;
    const late = new Proxy(state, {
      get(target, name: keyof MemoryState) {
        const act = target[name];
        if (typeof act !== 'function') return act;
        return async (...call: unknown[]) => {
          if (name === held)
            await new Promise<void>((resolve) => {
              go = resolve;
            });
          return await (act as (...all: unknown[]) => unknown).apply(target, call);
        };
      },
    });
    // The client sends what it once wrote to whoever leads by now.
    const copies: Promise<{ readonly lease: LeaseId }>[] = [];
    const client = new Dependencies(async (_, request) => {
      const { sandbox: facts, ttlMs, ...own } = decodeJoin(request);
      for (const at of [late, state]) copies.push(new StateRegistry(at, systemClock).join(facts, ttlMs, own));
      return encodeSandboxLease({ ttlMs, ...(await copies.at(-1)!) });
    });
    const registry = new StateRegistry(state, systemClock);
    const { lease } = await client.join(sandbox('one'), 10_000);
    await registry.register('one', [], { lease });
    go();
    t.is((await copies[0]!).lease, lease);
    t.deepEqual([...state.leases], [lease]);
    await t.notThrowsAsync(registry.heartbeat('one', { lease }));
    const again = await client.join(sandbox('one'), 10_000);
    go();
    await Promise.all(copies);
    t.not(again.lease, lease, 'another join is another lease');
  });

test('a copy that fails on its way leaves the lease to the other', async (t) => {
  const state = new MemoryState();
  const broken = new Proxy(state, {
    get(target, name: keyof MemoryState) {
      const act = target[name];
      if (typeof act !== 'function') return act;
      if (name === 'txn') return () => Promise.reject(new TanistError('deadline-exceeded', 'no answer'));
      return (act as (...all: unknown[]) => unknown).bind(target);
    },
  });
  const registry = new StateRegistry(state, systemClock);
  const { lease } = await registry.join(sandbox('one'), 10_000);
  const copy = new StateRegistry(broken, systemClock).join(sandbox('one'), 10_000, { lease });
  await t.throwsAsync(copy, { code: 'deadline-exceeded' });
  await t.notThrowsAsync(registry.heartbeat('one', { lease }));
});
