import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { sha256Key } from '../../src/dependencies/content-key.ts';
import { hitRate, wastedShare } from '../../src/dependencies/pre-cache/backtest.ts';
import { candidates, ItemForecaster } from '../../src/dependencies/pre-cache/forecaster.ts';
import { planAhead } from '../../src/dependencies/pre-cache/plan.ts';
import { recurrentItems } from '../../src/dependencies/pre-cache/recurrent-items.ts';
import type { Item, RequestSequence } from '../../src/dependencies/pre-cache/sequence.ts';
import {
  decodeSequence,
  encodeSequence,
  logPrefix,
  mostSequences,
  planKey,
} from '../../src/dependencies/pre-cache/sequence.ts';
import { PreCacheService } from '../../src/dependencies/pre-cache/service.ts';
import { packageOfPath, watchUse } from '../../src/dependencies/watch/watch-use.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get, until } from './fleet.ts';

const item = (path: string, sizeBytes = 1000): Item => ({ path, key: null, sizeBytes });
const limits = { budgetBytes: 1e9, leastConfidence: 0.5 };

function sequence(application: string, paths: readonly string[], startedMs = 0): RequestSequence {
  return {
    application,
    sandbox: 's',
    startedMs,
    items: paths.map((path) => item(path)),
    used: null,
    ended: true,
  };
}
const abc = Array.from({ length: 30 }, (_, i) => `a${i}/-/a${i}-1.0.0.tgz`);
const xyz = Array.from({ length: 30 }, (_, i) => `x${i}/-/x${i}-1.0.0.tgz`);

test('an application that repeats itself is known; one that was never seen is not guessed at', async (t) => {
  const forecaster = new ItemForecaster(candidates(), limits);
  for (let i = 0; i < 4; i++) {
    await forecaster.learn(sequence('one', abc, i));
    await forecaster.learn(sequence('two', xyz, i));
  }
  const plan = await forecaster.plan({ application: 'one', atMs: 9, asked: [] });
  t.deepEqual(plan.map((each) => each.item.path).sort(), [...abc].sort());
  const rest = await forecaster.plan({ application: 'two', atMs: 9, asked: xyz.slice(0, 10) });
  t.deepEqual(rest.map((each) => each.item.path).sort(), xyz.slice(10).sort());
  t.deepEqual(await forecaster.plan({ application: 'new', atMs: 9, asked: [] }), []);
  // Its first requests show which lock file it has.
  const shown = await forecaster.plan({ application: 'new', atMs: 9, asked: abc.slice(0, 8) });
  t.deepEqual(shown.map((each) => each.item.path).sort(), abc.slice(8).sort());
});

test('what each candidate was worth is measured before it learns the sequence', async (t) => {
  const forecaster = new ItemForecaster(candidates(), limits);
  await forecaster.learn(sequence('one', abc));
  t.is(hitRate(forecaster.selected), 0);
  for (let i = 1; i < 10; i++) await forecaster.learn(sequence('one', abc, i));
  t.true(hitRate(forecaster.selected) >= 0.85);
  t.is(wastedShare(forecaster.selected), 0);
});

test('a plan takes the surest within its budget, and begins with what is worth most', (t) => {
  const expected = [
    { item: item('sure', 100), confidence: 0.9 },
    { item: item('large', 800), confidence: 0.8 },
    { item: item('too-large', 2000), confidence: 0.85 },
    { item: item('unsure', 1), confidence: 0.4 },
  ];
  t.deepEqual(
    planAhead(expected, { budgetBytes: 1000, leastConfidence: 0.5 }).map((each) => each.item.path),
    ['large', 'sure'],
  );
});

test('the recurrent network learns to tell two applications apart', async (t) => {
  const network = await recurrentItems(seededRandom('test'), {
    size: { steps: 2, features: 64, hidden: 16, items: 128, batch: 4 },
    block: 8,
    rounds: 12,
    rate: 0.02,
    kept: 16,
  });
  t.teardown(() => network.close());
  for (let i = 0; i < 6; i++) {
    await network.learn(sequence('one', abc, i));
    await network.learn(sequence('two', xyz, i));
  }
  for (const [application, own, others] of [
    ['one', abc, xyz],
    ['two', xyz, abc],
  ] as const) {
    const found = await network.expect({ application, atMs: 9, asked: own.slice(0, 3) });
    const mean = (paths: readonly string[]): number =>
      paths.slice(3).reduce((sum, path) => sum + (found.get(path) ?? 0), 0) / paths.slice(3).length;
    t.true(mean(own) > 0.6, `${application} ${mean(own)}`);
    t.true(mean(others) < 0.2, `${application} ${mean(others)}`);
  }
});

test('a logged sequence comes back as it was; what is not one is left out', (t) => {
  const whole = { ...sequence('shop', abc), used: ['a1'], ended: false };
  t.deepEqual(decodeSequence(Buffer.from(encodeSequence(whole))), whole);
  for (const bad of ['', '{}', '[]', '{"application":1}']) t.is(decodeSequence(Buffer.from(bad)), null);
});

test('the service learns from agents, and a new sandbox has its packages before it asks', async (t) => {
  const packages = Array.from({ length: 6 }, (_, i) => fakePackage(`p${i}`, 1000 * i));
  const upstream = await startFakeRegistry(packages);
  const fleet = new Fleet();
  const forecaster = new ItemForecaster(candidates(), limits);
  const service = new PreCacheService({
    state: fleet.state,
    clock: systemClock,
    forecaster,
    say: () => undefined,
  });
  const ending = new AbortController();
  const running = service.run(ending.signal);
  t.teardown(async () => {
    ending.abort();
    await running;
    await fleet.stop();
    await upstream.stop();
  });
  const paths = packages.map(({ name }) => `/${name}/-/${name}-1.0.0.tgz`);
  for (const id of ['first', 'second']) {
    const agent = await fleet.agent(id, upstream.url, { application: 'shop' });
    for (const path of paths) await get(agent.address, path);
    await agent.stop();
  }
  await until(() => service.learnt === 2);
  await service.settled();
  const third = await fleet.agent('third', upstream.url, { application: 'shop', preCacheBytes: 1e6 });
  await until(() => third.stats().counts.aheadObjects === packages.length);
  for (const path of paths) t.is((await get(third.address, path)).status, 200);
  const { counts } = third.stats();
  t.is(counts.aheadUsedObjects, packages.length);
  t.is(counts.aheadUsedBytes, counts.aheadBytes);
  t.is(third.cache.aheadBytes, 0);
  // An agent of another application is told nothing.
  const other = await fleet.agent('other', upstream.url, { application: 'bank', preCacheBytes: 1e6 });
  t.is(other.stats().counts.aheadObjects, 0);
});

test('what a newer plan names comes in the place of what nobody asked for', async (t) => {
  const packages = Array.from({ length: 4 }, (_, i) => fakePackage(`p${i}`, 100_000));
  const upstream = await startFakeRegistry(packages);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  const agent = await fleet.agent('own', upstream.url, { preCacheBytes: 250_000 });
  const keyOf = ({ tarball }: { readonly tarball: Buffer }) =>
    sha256Key(createHash('sha256').update(tarball).digest('hex'));
  const plan = async (...which: readonly number[]): Promise<void> => {
    const items = which.map((i) => {
      const { name, tarball } = packages[i]!;
      const sha512 = createHash('sha512').update(tarball).digest('hex');
      return [`${name}/-/${name}-1.0.0.tgz`, `sha512-${sha512}`, tarball.length];
    });
    await fleet.state.put(planKey('own'), JSON.stringify({ items }));
    await until(() => which.every((i) => agent.cache.has(keyOf(packages[i]!))));
  };
  await plan(0, 1);
  await plan(2, 3);
  t.true(agent.cache.aheadBytes <= 250_000);
  t.true(agent.stats().counts.aheadWastedBytes >= 200_000);
});

test('of each application only the latest sequences are kept', async (t) => {
  const upstream = await startFakeRegistry([fakePackage('p')]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  for (let i = 0; i < mostSequences + 5; i++)
    await fleet.state.put(`${logPrefix}shop/${String(i).padStart(14, '0')}-old`, '{}');
  const agent = await fleet.agent('own', upstream.url, { application: 'shop' });
  await get(agent.address, '/p/-/p-1.0.0.tgz');
  await agent.stop();
  const { count } = await fleet.state.get(logPrefix, { prefix: true });
  t.is(count, mostSequences);
});

test('files that are opened are told from those that are only there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-watch-'));
  const ending = new AbortController();
  t.teardown(async () => {
    ending.abort();
    await rm(folder, { recursive: true, force: true });
  });
  for (const name of ['used', 'idle', '@scope/used']) {
    const home = join(folder, 'node_modules', name);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'index.js'), '1');
    await writeFile(join(home, 'package.json'), '{}');
  }
  const used: (string | null)[] = [];
  const watched = await watchUse(
    folder,
    { clock: systemClock, say: () => undefined, used: (name) => used.push(name) },
    ending.signal,
  );
  for (const name of ['used', '@scope/used']) {
    await until(async () => {
      await readFile(join(folder, 'node_modules', name, 'index.js'));
      return watched.report().openedPackages.includes(name);
    });
  }
  for (const name of ['used', 'idle']) await readFile(join(folder, 'node_modules', name, 'package.json'));
  t.deepEqual(watched.report().openedPackages, ['@scope/used', 'used']);
  t.is(used[0], null);
  t.deepEqual([...new Set(used.slice(1))].sort(), ['@scope/used', 'used']);
  await t.throwsAsync(
    watchUse(
      join(folder, 'node_modules', 'used', 'index.js'),
      { clock: systemClock, say: () => undefined, used: () => undefined },
      ending.signal,
    ),
    { code: 'config-invalid' },
  );
});

test('a file belongs to the innermost package', (t) => {
  t.is(packageOfPath('node_modules/a/index.js'), 'a');
  t.is(packageOfPath('node_modules/a/node_modules/@s/b/lib/x.js'), '@s/b');
  t.is(packageOfPath('a/index.js'), 'a');
  t.is(packageOfPath('node_modules/.bin/x'), null);
  t.is(packageOfPath('package.json'), null);
});

test('what has another version each time is not planned again, whatever the rest of the lock file does', async (t) => {
  const forecaster = new ItemForecaster(candidates(), { budgetBytes: 1e9, leastConfidence: 0.5 });
  const pathOf = (name: string, i: number): string => `${name}/-/${name}-1.0.${i}.tgz`;
  for (let i = 0; i < 2; i++)
    await forecaster.learn({
      application: 'app',
      sandbox: `s${i}`,
      startedMs: i * 86_400_000,
      items: [pathOf('steady', 0), pathOf('released-often', i)].map((path) => ({
        path,
        key: null,
        sizeBytes: 1000,
      })),
      used: null,
      ended: true,
    });
  const plan = await forecaster.plan({ application: 'app', atMs: 2 * 86_400_000, asked: [] });
  t.deepEqual(
    plan.map(({ item }) => item.path),
    [pathOf('steady', 0)],
  );
});
