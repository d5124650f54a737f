import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import { atMost, explains, isMet } from '../../src/cli/bench/parts/figure.ts';
import { evidenceIn, fileKinds, flipBit, kindOf } from '../../src/cli/bench/tiers/spoil.ts';
import { StampedKey } from '../../src/cli/bench/tiers/stamped-key.ts';
import {
  criticalCount,
  isCritical,
  tierBatches,
  tierKey,
  tierValues,
} from '../../src/cli/bench/tiers/tier-keys.ts';
import { p99Ms } from '../../src/cli/bench/tiers/write-load.ts';
import { WrittenHistory } from '../../src/cli/bench/tiers/written-history.ts';
import { revision } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import { eventually } from '../../src/local/eventually.ts';

test('a figure is met up to its bound; what was not measured is missed', (t) => {
  t.true(isMet(atMost('memory', 40, 'MB', 40)));
  t.false(isMet(atMost('memory', 40.1, 'MB', 40)));
  t.false(isMet(atMost('memory', Number.NaN, 'MB', 40)));
  t.is(isMet(explains('memory', 1000, 'MB')), null);
});

test('critical keys: as many as asked for, spread evenly, each key once', (t) => {
  const puts = [...tierBatches(250, { batch: 100, percent: 20, valueBytes: 8 })];
  t.deepEqual(
    puts.map((batch) => batch.length),
    [100, 100, 50],
  );
  const keys = puts.flat().map(([key]) => String(key));
  t.is(new Set(keys).size, 250);
  const critical = keys.filter((key) => key.startsWith('critical/')).length;
  t.is(critical, 60);
  t.is(criticalCount(250, 20), critical);
  t.is(criticalCount(207, 20), 47);
  t.is(String(tierKey(20, 20)), 'other/0000000020');
  t.true(isCritical(19, 20));
  t.is([...tierBatches(95, { step: 10 })].flat().length, 10);
});

test('values of the load do not compress, not even together', (t) => {
  const valueAt = tierValues(256);
  const many = Buffer.concat(Array.from({ length: 1000 }, (_, i) => valueAt(i)));
  t.is(many.length, 256_000);
  t.true(deflateRawSync(many).length > 0.98 * many.length);
});

test('the 99th percentile is of the writes issued meanwhile', (t) => {
  const acknowledged = Array.from({ length: 200 }, (_, i) => ({
    sequence: i,
    issuedAtMs: i,
    ackedAtMs: i < 100 ? i + 1 : i + 7,
  }));
  const load = { acknowledged, issued: 200, failed: 0, stop: () => Promise.resolve() };
  t.is(p99Ms(load, 0, 100), 1);
  t.is(p99Ms(load, 100, 200), 7);
  t.is(p99Ms(load, 500, 600), Number.NaN);
});

test('an answer is right when it is the state at the revision that it names', (t) => {
  const history = new WrittenHistory();
  history.put('a', '1', 2);
  history.put('b/x', '1', 3);
  history.put('a', '2', 4);
  const shown = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));
  t.is(history.newest, 4);
  t.deepEqual(history.wrong(shown({ a: '2', 'b/x': '1' }), 4, ''), []);
  t.deepEqual(history.wrong(shown({ a: '1', 'b/x': '1' }), 3, ''), []);
  t.deepEqual(history.wrong(shown({}), 1, ''), []);
  t.deepEqual(history.wrong(shown({}), 4, ''), ['a', 'b/x']);
  t.deepEqual(history.wrong(shown({ a: '1', 'b/x': '1' }), 4, ''), ['a']);
  t.deepEqual(history.wrong(shown({ a: '2', 'b/x': '1', c: '' }), 9, ''), ['c']);
  t.deepEqual(history.wrong(shown({ 'b/x': '1' }), 4, 'b/'), []);
});

test('a write is late from its acknowledgement to the first answer that shows it', async (t) => {
  let stored = 0;
  const key = new StampedKey(
    {
      put: (_, value) => {
        stored = Number(value);
        return Promise.resolve({ revision: revision(stored), previous: null });
      },
    },
    {
      // Shows every second write only, with the next one.
      get: () =>
        Promise.resolve({
          revision: revision(1),
          values: [{ value: Buffer.from(String(stored - (stored % 2))) }] as never,
          count: 1,
          more: false,
          ageMs: 0,
        }),
    },
  );
  await key.run(40, 20);
  const late = key.latenessMs;
  t.true(late.length >= 1);
  t.true(late.every((ms) => ms >= 0));
  const unseen = late.filter((ms) => ms === Number.POSITIVE_INFINITY).length;
  t.is(unseen, late.length % 2, 'only the last one, if it is odd, was never shown');
});

test('a bit of a file of each kind flips, and back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-spoil-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'log'));
  const content = randomBytes(64);
  for (const name of ['000003.log', '000012.ldb', '000013.ldb', 'MANIFEST-000002'])
    await writeFile(join(folder, 'log', name), content);
  await writeFile(join(folder, 'role.json'), content);
  await writeFile(join(folder, 'log', 'LOCK'), '');
  t.is(kindOf('log/000012.ldb'), 'log/*.ldb');
  t.deepEqual(await fileKinds(folder), ['log/*.ldb', 'log/*.log', 'log/MANIFEST-*', 'role.json']);
  await mkdir(join(folder, 'cold.evidence'));
  await writeFile(join(folder, 'cold.evidence', '000004.ldb'), content);
  t.deepEqual(await evidenceIn(folder), ['cold.evidence']);
  t.deepEqual(await fileKinds(folder), ['log/*.ldb', 'log/*.log', 'log/MANIFEST-*', 'role.json']);
  const bit = await flipBit(folder, 'role.json', seededRandom('spoil'));
  const spoiled = await readFile(join(folder, 'role.json'));
  const differing = [...spoiled].filter((byte, i) => byte !== content[i]);
  t.is(differing.length, 1);
  await bit?.back();
  t.deepEqual(await readFile(join(folder, 'role.json')), content);
  t.is(await flipBit(folder, 'cold/*.ldb', seededRandom('spoil')), null);
});

test('what is asked again and again ends with its answer, or says what was missing and why', async (t) => {
  let asked = 0;
  const answer = await eventually(
    () => (++asked < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(asked)),
    'no answer',
    { everyMs: 1 },
  );
  t.is(answer, 3);
  await t.throwsAsync(
    eventually(() => Promise.resolve(null), 'no leader', { patienceMs: 0, everyMs: 1 }),
    { code: 'unavailable', message: 'no leader within 0 s' },
  );
});
