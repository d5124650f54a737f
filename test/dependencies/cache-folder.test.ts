import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { openCacheFolder } from '../../src/dependencies/cache/cache-folder.ts';
import { makeFolder } from '../../src/dependencies/cache/make-folder.ts';
import { until } from './fleet.ts';

async function folderFor(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-cache-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The clock runs on by what is waited for. */
const hurried = { ...systemClock, after: (_: number, act: () => void) => systemClock.after(1, act) };

test("a lock that an earlier process of the same number left is nobody's", async (t) => {
  const folder = await folderFor(t);
  const first = await openCacheFolder(folder, systemClock);
  const lock = join(folder, 'lock');
  const left = JSON.parse(await readFile(lock, 'utf8'));
  await t.throwsAsync(openCacheFolder(folder, systemClock), { code: 'data-locked' });
  await first.close();
  // As after a container was killed: its first process has the number that this one has, too.
  await writeFile(lock, JSON.stringify({ ...left, token: 'of before', started: '1' }));
  const second = await openCacheFolder(folder, systemClock);
  await second.close();
});

test('a process that cannot be seen from here has the folder while it renews its lock', async (t) => {
  const folder = await folderFor(t);
  const lock = join(folder, 'lock');
  const other = { token: 'other', pid: process.pid, started: '1', world: 'another container' };
  await writeFile(lock, JSON.stringify(other));
  let renewals = 0;
  const renewing = setInterval(() => {
    renewals++;
    void utimes(lock, new Date(), new Date());
  }, 20);
  await t.throwsAsync(openCacheFolder(folder, hurried), {
    code: 'data-locked',
    message: /another container/,
  });
  clearInterval(renewing);
  t.true(renewals > 0);
  // Long silent: its container is gone, and so is the number.
  await writeFile(lock, JSON.stringify(other));
  await utimes(lock, new Date(0), new Date(0));
  await (await openCacheFolder(folder, systemClock)).close();
  // What is no lock of this kind at all counts no longer.
  await writeFile(lock, String(process.pid));
  await utimes(lock, new Date(0), new Date(0));
  await (await openCacheFolder(folder, systemClock)).close();
});

test('where it cannot be told how old a lock is, nobody waits for it', async (t) => {
  const folder = await folderFor(t);
  const lock = join(folder, 'lock');
  await writeFile(lock, JSON.stringify({ token: 'other', pid: 1, started: '1', world: 'another boot' }));
  await mkdir(`${lock}.now`);
  await t.throwsAsync(openCacheFolder(folder, hurried), { code: 'data-not-writable' });
});

test('who has the folder renews the lock, and gives back none but its own', async (t) => {
  const folder = await folderFor(t);
  const lock = join(folder, 'lock');
  const own = await openCacheFolder(folder, hurried);
  await utimes(lock, new Date(0), new Date(0));
  await until(async () => (await stat(lock)).mtimeMs > 0);
  await rm(lock);
  await writeFile(lock, 'another');
  await utimes(lock, new Date(0), new Date(0));
  t.is((await own.lost).code, 'data-locked');
  t.is((await stat(lock)).mtimeMs, 0, 'what another has is not renewed');
  await own.close();
  t.is(await readFile(lock, 'utf8'), 'another');
});

test('who is refused leaves alone what is on its way there', async (t) => {
  const folder = await folderFor(t);
  const first = await openCacheFolder(folder, systemClock);
  const part = join(folder, 'parts', '1');
  await writeFile(part, 'half of it');
  await t.throwsAsync(openCacheFolder(folder, systemClock), { code: 'data-locked' });
  t.is(await readFile(part, 'utf8'), 'half of it');
  await first.close();
  const second = await openCacheFolder(folder, systemClock);
  await t.throwsAsync(readFile(part));
  await second.close();
});

test('a folder that cannot be made is told as that, wherever it would be', async (t) => {
  const folder = await folderFor(t);
  await makeFolder(join(folder, 'a', 'b', 'c'));
  await makeFolder(join(folder, 'a', 'b', 'c'));
  await writeFile(join(folder, 'file'), '');
  await mkdir(join(folder, 'there'));
  await t.throwsAsync(openCacheFolder(join(folder, 'file', 'x'), systemClock), { code: 'data-not-writable' });
  await t.throwsAsync(openCacheFolder(join(folder, 'file'), systemClock), { code: 'data-not-writable' });
  if (process.platform === 'linux')
    await t.throwsAsync(openCacheFolder('/proc/x', systemClock), { code: 'data-not-writable' });
});
