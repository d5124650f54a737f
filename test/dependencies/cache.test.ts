import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { type CacheOptions, ObjectCache } from '../../src/dependencies/cache/object-cache.ts';
import type { ObjectMeta } from '../../src/dependencies/cache/object-meta.ts';
import { keyText, sha256Key, urlKey } from '../../src/dependencies/content-key.ts';
import type { AddressFacts } from '../../src/ports/dependency-registry.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const answer = (fetchedMs: number): AddressFacts => ({
  fetchedMs,
  freshUntilMs: 8e15,
  etag: '',
  lastModified: '',
  contentType: '',
  contentEncoding: '',
});

async function setting(t: ExecutionContext, more: Partial<CacheOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-cache-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const gone: ObjectMeta[] = [];
  const clock = { ...systemClock, wallMs: () => 1000 };
  const open = (also: Partial<CacheOptions> = {}): Promise<ObjectCache> =>
    ObjectCache.open({
      folder,
      limitBytes: 1e9,
      clock,
      onGone: (objects) => gone.push(...objects),
      ...more,
      ...also,
    });
  return { folder, gone, open, clock };
}

async function put(cache: ObjectCache, text: string, ahead = false): Promise<ObjectMeta> {
  const staged = await cache.stage();
  staged.reserve(text.length);
  await staged.handle.write(text);
  try {
    return await cache.adopt(staged, { sha256: sha256(text), size: text.length, keys: [] }, ahead);
  } finally {
    await cache.discard(staged);
  }
}

test('an address leads to its latest answer, also after a restart, whichever was used last', async (t) => {
  const { open, gone } = await setting(t);
  const address = urlKey('http://x/y');
  const name = urlKey('http://x/-/y.tgz', 'tarball');
  let cache = await open();
  const old = await cache.addKeys(await put(cache, 'old'), [address, name], { [address.digest]: answer(1) });
  const latest = await cache.addKeys(await put(cache, 'new'), [address, name], {
    [address.digest]: answer(2),
  });
  t.is((await cache.find(address))?.sha256, latest.sha256);
  t.is(cache.all().filter(({ keys }) => keys.some(({ algorithm }) => algorithm === 'url')).length, 1);
  await cache.find(sha256Key(old.sha256));
  await cache.close();
  cache = await open();
  t.is((await cache.find(address))?.sha256, latest.sha256);
  t.is((await cache.find(name))?.sha256, latest.sha256);
  t.deepEqual(gone, []);
  await cache.close();
});

test('of one body that many addresses give only the latest addresses are kept, and the others are given up', async (t) => {
  const { open, gone } = await setting(t);
  const cache = await open();
  const body = await put(cache, 'ok');
  const addresses = Array.from({ length: 100 }, (_, i) => urlKey(`http://x/?${i}`));
  for (const key of addresses) await cache.addKeys(body, [key], { [key.digest]: answer(1) });
  const [{ keys, answers } = body] = cache.all();
  t.is(keys.length, 1 + 64);
  t.is(Object.keys(answers).length, 64);
  t.is(gone.flatMap((meta) => meta.keys).length, 36);
  t.false(cache.has(addresses[0]!));
  t.true(cache.has(addresses.at(-1)!));
  await cache.close();
});

test('a cache is closed when what was begun is on the disk', async (t) => {
  const { open, folder } = await setting(t);
  const cache = await open();
  const body = await put(cache, 'ok');
  const addresses = Array.from({ length: 60 }, (_, i) => urlKey(`http://x/?${i}`));
  const named = addresses.map((address) => cache.addKeys(body, [address]));
  await cache.close();
  const file = join(folder, 'objects', body.sha256.slice(0, 2), `${body.sha256}.json`);
  const written = await readFile(file, 'utf8');
  t.true(written.includes(addresses.at(-1)!.digest));
  await Promise.all(named);
  t.is(await readFile(file, 'utf8'), written, 'nothing is written once it is closed');
  const again = await open();
  const evicted = await put(again, 'other');
  void again.remove(evicted.sha256);
  await again.close();
  t.deepEqual(await readdir(join(folder, 'objects', evicted.sha256.slice(0, 2))), []);
});

test('what is known of objects counts within the limit', async (t) => {
  const { open } = await setting(t, { limitBytes: 20_000 });
  const cache = await open();
  for (let i = 0; i < 300; i++) await put(cache, `${i}`);
  t.true(cache.count < 150, `${cache.count} objects`);
  t.true(cache.bytes <= 20_000);
  await cache.close();
});

test('what is on its way counts within the limit, and makes room', async (t) => {
  const { open, gone } = await setting(t, { limitBytes: 10_000 });
  const cache = await open();
  await put(cache, 'x'.repeat(6000));
  const first = await cache.stage();
  const second = await cache.stage();
  t.true(first.reserve(7000));
  t.is(gone.length, 1);
  t.true(second.reserve(3000));
  t.true(second.reserve(2000), 'what is reserved already');
  t.false(second.reserve(3001), 'began while there was room for it alone');
  t.is(cache.stagedBytes, 10_000);
  await cache.discard(second);
  t.true(first.reserve(10_000));
  await cache.discard(first);
  t.is(cache.stagedBytes, 0);
  await cache.close();
});

test('a folder that another process took is neither read nor written', async (t) => {
  const { open, folder, gone, clock } = await setting(t);
  const hurried = { ...clock, after: (_: number, act: () => void) => clock.after(1, act) };
  const cache = await open({ clock: hurried });
  const { keys } = await put(cache, 'x');
  const staged = await cache.stage();
  const lock = join(folder, 'lock');
  await writeFile(`${lock}.new`, 'of another');
  await rename(`${lock}.new`, lock);
  t.is((await cache.lost).code, 'data-locked');
  t.is(gone.length, 1);
  t.is(await cache.find(keys[0]!), null);
  await t.throwsAsync(cache.stage(), { code: 'data-locked' });
  await t.throwsAsync(cache.adopt(staged, { sha256: sha256(''), size: 0, keys: [] }), {
    code: 'data-locked',
  });
  await cache.discard(staged);
  t.deepEqual(await readdir(join(folder, 'parts')), ['2']);
  await cache.close();
  t.false((await readdir(folder)).includes('closed'));
  t.is(await readFile(lock, 'utf8'), 'of another');
});

test('an object whose description cannot be written leaves no bytes', async (t) => {
  const { open, folder } = await setting(t);
  const cache = await open();
  const name = sha256('x');
  const shard = join(folder, 'objects', name.slice(0, 2));
  // In the way of the file.
  await mkdir(join(shard, `${name}.json`), { recursive: true });
  await t.throwsAsync(put(cache, 'x'));
  t.false((await readdir(shard)).includes(name));
  t.is(cache.count, 0);
  await cache.close();
});

test('what was downloaded ahead is known as that after a restart, until it is asked for', async (t) => {
  const { open } = await setting(t);
  let cache = await open();
  const { sha256: digest } = await put(cache, 'ahead', true);
  const other = await put(cache, 'other', true);
  t.true(cache.takeAhead(other.sha256));
  await cache.close();
  cache = await open();
  t.is(cache.aheadBytes, 'ahead'.length);
  t.true(cache.takeAhead(digest));
  t.false(cache.takeAhead(digest));
  t.is(cache.aheadBytes, 0);
  await cache.close();
});

test('of what came ahead the oldest makes room that is expected no more; what is too old goes, too', async (t) => {
  const clock = { ...systemClock, wallMs: () => nowMs };
  let nowMs = 1000;
  const { open } = await setting(t, { clock });
  const cache = await open();
  const metas: ObjectMeta[] = [];
  for (const text of ['a', 'b', 'c', 'd']) {
    nowMs++;
    metas.push(await put(cache, text.repeat(100), true));
  }
  const there = (): string =>
    metas.map(({ sha256: digest }, i) => (cache.has(sha256Key(digest)) ? 'abcd'[i] : '-')).join('');
  const kept = new Set([keyText(sha256Key(metas[0]!.sha256))]);
  t.true(await cache.makeAheadRoom(100, { budgetBytes: 400, kept, sinceMs: 0 }));
  t.is(there(), 'a-cd');
  t.false(
    await cache.makeAheadRoom(500, {
      budgetBytes: 400,
      kept: new Set(metas.map((m) => keyText(sha256Key(m.sha256)))),
      sinceMs: 0,
    }),
  );
  t.is(there(), 'a-cd');
  t.true(await cache.makeAheadRoom(0, { budgetBytes: 400, kept, sinceMs: 1004 }));
  t.is(there(), 'a--d');
  t.is(cache.evictedAheadBytes, 200);
  await cache.close();
});
