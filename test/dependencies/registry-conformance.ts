import { createHash } from 'node:crypto';
import type { ExecutionContext, TestFn } from 'ava';
import { leaseId } from '../../src/foundation/ids.ts';
import type {
  ContentKey,
  DependencyRegistry,
  HeldObject,
  SandboxFacts,
} from '../../src/ports/dependency-registry.ts';

export const sandbox = (id: string, instance = `${id}-1`): SandboxFacts => ({
  id,
  address: `127.0.0.1:${4000 + id.length}`,
  application: 'shop',
  zone: 'a',
  instance,
});

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');
export const key = (text: string): ContentKey => ({ algorithm: 'sha256', digest: hash('sha256', text) });
export const held = (text: string): HeldObject => ({
  keys: [
    key(text),
    { algorithm: 'sha512', digest: hash('sha512', text) },
    { algorithm: 'sha1', digest: hash('sha1', text) },
  ],
  sha256: hash('sha256', text),
  size: text.length,
});

export interface RegistrySubject {
  readonly registry: DependencyRegistry;
  stop(): Promise<void>;
}

const ttlMs = 30_000;

/** What every `DependencyRegistry` does. `name` keeps the titles apart. */
export function registryConformance(test: TestFn, name: string, start: () => Promise<RegistrySubject>): void {
  const check = (title: string, act: (t: ExecutionContext, registry: DependencyRegistry) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      const subject = await start();
      try {
        await act(t, subject.registry);
      } finally {
        await subject.stop();
      }
    });

  check('an object is found under each of its digests, with all who hold it', async (t, registry) => {
    await registry.join(sandbox('one'), ttlMs);
    await registry.join(sandbox('two'), ttlMs);
    await registry.register('one', [held('x'), held('y')]);
    await registry.register('two', [held('x')]);
    const found = await registry.lookup([...held('x').keys, key('z')]);
    t.deepEqual(
      found.map((holders) => holders.map((holding) => holding.sandbox).sort()),
      [['one', 'two'], ['one', 'two'], ['one', 'two'], []],
    );
    const [first] = found[0] ?? [];
    t.deepEqual(first, {
      sandbox: 'one',
      address: '127.0.0.1:4003',
      zone: 'a',
      state: 'held',
      sha256: held('x').sha256,
      size: 1,
    });
  });

  check('what an address answered stays with its key alone', async (t, registry) => {
    await registry.join(sandbox('one'), ttlMs);
    const address: ContentKey = { algorithm: 'url', digest: hash('sha256', 'http://x/y') };
    const answer = {
      fetchedMs: 1,
      freshUntilMs: 2,
      etag: '"e"',
      lastModified: '',
      contentType: 'text/plain',
      contentEncoding: '',
    };
    await registry.register('one', [{ ...held('x'), keys: [key('x'), address], answer }]);
    const [byDigest, byAddress] = await registry.lookup([key('x'), address]);
    t.false('answer' in byDigest![0]!);
    t.like(byAddress![0], { sha256: held('x').sha256, answer });
  });

  check('of many claims one wins, the others hear of the one who fetches', async (t, registry) => {
    const ids = Array.from({ length: 8 }, (_, i) => `s${i}`);
    for (const id of ids) await registry.join(sandbox(id), ttlMs);
    const claims = await Promise.all(ids.map((id) => registry.claim(id, key('x'))));
    t.is(claims.filter(({ claimed }) => claimed).length, 1);
    const winner = ids[claims.findIndex(({ claimed }) => claimed)]!;
    for (const claim of claims)
      if (!claim.claimed)
        t.deepEqual(
          claim.holdings.map(({ sandbox: by, state }) => [by, state]),
          [[winner, 'fetching']],
        );
    t.true((await registry.claim(winner, key('x'))).claimed);
    await registry.release(winner, [key('x')]);
    t.true((await registry.claim('s0', key('x'))).claimed);
  });

  check('invalidation takes all that a sandbox held, and nothing of others', async (t, registry) => {
    await registry.join(sandbox('one'), ttlMs);
    await registry.join(sandbox('two'), ttlMs);
    await registry.register('one', [held('x')]);
    await registry.register('two', [held('x')]);
    await registry.heartbeat('one');
    await registry.invalidate('one');
    await registry.invalidate('one');
    t.deepEqual(
      (await registry.lookup([key('x')]))[0]?.map((holding) => holding.sandbox),
      ['two'],
    );
    t.deepEqual(
      (await registry.sandboxes()).map(({ id }) => id),
      ['two'],
    );
    await t.throwsAsync(registry.heartbeat('one'), { code: 'sandbox-unknown' });
    await t.throwsAsync(registry.register('one', [held('x')]), { code: 'sandbox-unknown' });
    await t.throwsAsync(registry.claim('one', key('y')), { code: 'sandbox-unknown' });
  });

  check('an id belongs to one instance; its next life begins with nothing', async (t, registry) => {
    await registry.join(sandbox('one', 'first'), ttlMs);
    await registry.register('one', [held('x')]);
    await t.throwsAsync(registry.join(sandbox('one', 'second'), ttlMs), { code: 'sandbox-exists' });
    t.is((await registry.lookup([key('x')]))[0]?.length, 1);
    await registry.join(sandbox('one', 'first'), ttlMs);
    t.is((await registry.lookup([key('x')]))[0]?.length, 0);
    await registry.register('one', [held('y')]);
    t.is((await registry.lookup([key('y')]))[0]?.length, 1);
  });

  check('what one life of a sandbox says is nothing once another has its id', async (t, registry) => {
    const first = await registry.join(sandbox('one', 'same'), ttlMs);
    const second = await registry.join(sandbox('one', 'same'), ttlMs);
    const own = { lease: first.lease };
    const lost = { code: 'sandbox-exists' };
    await t.throwsAsync(registry.heartbeat('one', own), lost);
    await t.throwsAsync(registry.register('one', [held('x')], own), lost);
    await t.throwsAsync(registry.claim('one', key('x'), own), lost);
    await registry.invalidate('one', own);
    await registry.register('one', [held('y')], { lease: second.lease });
    t.is((await registry.lookup([key('x')]))[0]?.length, 0);
    t.is((await registry.lookup([key('y')]))[0]?.length, 1);
    t.deepEqual(
      (await registry.sandboxes({ id: 'one' })).map(({ id }) => id),
      ['one'],
    );
    t.deepEqual(await registry.sandboxes({ id: 'two' }), []);
    await registry.invalidate('one');
    await t.throwsAsync(registry.heartbeat('one', own), { code: 'sandbox-unknown' });
  });

  check('a late copy of an earlier join leaves the later one what it is', async (t, registry) => {
    const drawn = { lease: leaseId(71n), drawnMs: 1000 };
    const one = sandbox('one', 'same');
    await registry.join(one, ttlMs, drawn);
    await registry.invalidate('one', drawn);
    const later = await registry.join(one, ttlMs, { lease: leaseId(72n), drawnMs: 1001 });
    await registry.register('one', [held('x')], later);
    await t.throwsAsync(registry.join(one, ttlMs, drawn), { code: 'sandbox-unknown' });
    t.is((await registry.lookup([key('x')]))[0]?.length, 1);
    await t.notThrowsAsync(registry.heartbeat('one', later));
    await t.throwsAsync(registry.heartbeat('one', drawn), { code: 'sandbox-exists' });
    const last = await registry.join(one, ttlMs, { lease: leaseId(73n), drawnMs: 1002 });
    await t.notThrowsAsync(registry.heartbeat('one', last));
  });

  check('of those who followed one that does not answer one takes its place', async (t, registry) => {
    const ids = Array.from({ length: 6 }, (_, i) => `s${i}`);
    for (const id of ['dead', ...ids]) await registry.join(sandbox(id), ttlMs);
    await registry.claim('dead', key('x'));
    const claims = await Promise.all(ids.map((id) => registry.claim(id, key('x'), { over: 'dead' })));
    const winner = ids[claims.findIndex(({ claimed }) => claimed)];
    t.is(claims.filter(({ claimed }) => claimed).length, 1);
    for (const claim of claims)
      if (!claim.claimed)
        t.deepEqual(
          claim.holdings.map(({ sandbox: by, state }) => [by, state]),
          [[winner, 'fetching']],
        );
    // One that holds it is not pushed aside.
    await registry.register('dead', [held('x')]);
    await registry.claim('s0', key('x'), { over: 'dead' });
    t.true((await registry.lookup([key('x')]))[0]?.some(({ sandbox: by }) => by === 'dead'));
  });

  check('of very many holders those that come after the asker are told', async (t, registry) => {
    const ids = Array.from({ length: 150 }, (_, i) => `s${String(i).padStart(3, '0')}`);
    await Promise.all(ids.map((id) => registry.join(sandbox(id), ttlMs)));
    await Promise.all(ids.map((id) => registry.register(id, [held('x')])));
    const toldTo = async (asker: string): Promise<readonly string[]> =>
      ((await registry.lookup([key('x')], { asker }))[0] ?? []).map(({ sandbox: by }) => by);
    t.deepEqual(await toldTo('s020'), ids.slice(20, 84));
    t.deepEqual(await toldTo('s120'), [...ids.slice(120), ...ids.slice(0, 34)]);
    const claim = await registry.claim('s120', key('x'));
    t.false(claim.claimed || claim.holdings.some(({ sandbox: by }) => by === 's100'));
  });

  check('bad names are refused', async (t, registry) => {
    for (const id of ['', '../x', 'A', 'a/b', 'x'.repeat(64)])
      await t.throwsAsync(registry.join(sandbox(id, 'i'), ttlMs), { code: 'invalid-argument' }, id);
    await t.throwsAsync(registry.join({ ...sandbox('one'), address: 'nowhere' }, ttlMs), {
      code: 'invalid-argument',
    });
  });

  check('a thousand objects in one call', async (t, registry) => {
    await registry.join(sandbox('one'), ttlMs);
    const objects = Array.from({ length: 1000 }, (_, i) => held(`object ${i}`));
    await registry.register('one', objects);
    await registry.release(
      'one',
      objects.slice(0, 500).map(({ keys }) => keys[0]!),
    );
    const found = await registry.lookup(objects.map(({ keys }) => keys[0]!));
    t.deepEqual(
      found.map(({ length }) => length),
      objects.map((_, i) => (i < 500 ? 0 : 1)),
    );
  });
}
