import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import type { Disk } from '../../../src/ports/database.ts';
import type { ColdStore } from '../../../src/replication/cold/cold-store.ts';
import { openColdStore } from '../../../src/replication/cold/open-cold-store.ts';
import { put } from '../../state/commands.ts';
import { MemoryDisk } from '../../storage/memory-disk.ts';
import { allOf, Hot } from './hot.ts';

const open = (disk: Disk): Promise<ColdStore> =>
  openColdStore(disk, { retention: { keep: 4, keepForMs: 0 }, wallMs: () => 1_000_000 });
const noPace = async (): Promise<void> => {};

async function takeFrom(hot: Hot, store: ColdStore): Promise<void> {
  const held = store.held();
  await store.receive(held, hot.latest(held));
}

async function tidyUp(store: ColdStore): Promise<void> {
  while (await store.tidyStep()) {}
}

const rowsOf = (disk: MemoryDisk, prefix: string): readonly [string, Uint8Array][] =>
  [...disk.rows('cold')].filter(([key]) => key.startsWith(prefix));

/** A row of the newest generation of `user` vanishes, which only the digest shows. Returns that generation's rows. */
function lose(disk: MemoryDisk): readonly [string, Uint8Array][] {
  const generation = rowsOf(disk, 'r/0/').at(-1)![0].slice(0, 'r/0/00000000/'.length);
  const lost = rowsOf(disk, generation).find(([, value]) => value.length > 30)!;
  disk.contents.get('cold')!.unsynced.push([{ type: 'del', key: lost[0] }]);
  return rowsOf(disk, generation);
}

async function mended(hot: Hot, store: ColdStore): Promise<void> {
  await takeFrom(hot, store);
  await tidyUp(store);
}

test('rows whose digest is wrong stay until the next damage, through restarts, and no snapshot is written among them', async (t) => {
  const hot = new Hot(5);
  for (let i = 0; i < 40; i++) hot.step();
  hot.apply(put('a', 'one'), put('b', 'two'));
  const disk = new MemoryDisk();
  let store = await open(disk);
  await takeFrom(hot, store);
  const first = lose(disk);
  t.regex((await store.scrub(noPace)) ?? '', /digest/);
  await mended(hot, store);
  t.is(store.trouble, null);
  t.deepEqual(new Map(rowsOf(disk, first[0]![0].slice(0, 13))), new Map(first));
  await store.close();
  store = await open(disk);
  await tidyUp(store);
  t.deepEqual(new Map(rowsOf(disk, first[0]![0].slice(0, 13))), new Map(first));
  // Everything is given up: numbers go on behind what is kept.
  await store.dropNewest('it never was');
  t.is(store.newest, null);
  hot.apply(put('c', 'three'));
  await mended(hot, store);
  t.deepEqual((await store.read(allOf('user'))).result, await hot.read(allOf('user')));
  t.deepEqual(new Map(rowsOf(disk, first[0]![0].slice(0, 13))), new Map(first));
  const second = lose(disk);
  t.not(await store.scrub(noPace), null);
  await mended(hot, store);
  t.deepEqual(rowsOf(disk, first[0]![0].slice(0, 13)), []);
  t.deepEqual(new Map(rowsOf(disk, second[0]![0].slice(0, 13))), new Map(second));
  t.is(await store.scrub(noPace), null);
  t.deepEqual((await store.read(allOf('user'))).result, await hot.read(allOf('user')));
  await store.close();
});

test('a snapshot that finds no room takes that of the damaged rows', async (t) => {
  const hot = new Hot(5);
  hot.apply(put('a', 'one'), put('b', 'two'));
  const disk = new MemoryDisk();
  const store = await open(disk);
  await takeFrom(hot, store);
  const damaged = lose(disk);
  t.not(await store.scrub(noPace), null);
  await mended(hot, store);
  hot.apply(put('c', 'three'));
  const held = store.held();
  const full = (async function* () {
    yield* await hot.parts(held).then((parts) => parts.slice(0, -1));
    throw new TanistError('disk-full', 'no room');
  })();
  await t.throwsAsync(store.receive(held, full), { code: 'disk-full' } as Partial<TanistError>);
  await tidyUp(store);
  t.deepEqual(rowsOf(disk, damaged[0]![0].slice(0, 13)), []);
  await takeFrom(hot, store);
  t.deepEqual((await store.read(allOf('user'))).result, await hot.read(allOf('user')));
  await store.close();
});

test('what a snapshot that never was had written stays, of an increment and of a base, 4 MiB at most', async (t) => {
  const hot = new Hot(5);
  hot.apply(put('a', 'one'));
  const disk = new MemoryDisk();
  const store = await open(disk);
  await takeFrom(hot, store);
  hot.apply(put('b', 'never was'));
  await takeFrom(hot, store);
  const written = [...rowsOf(disk, 'r/0/'), ...rowsOf(disk, 's/')].filter(([key]) =>
    key.endsWith('00000002'),
  );
  t.is(written.length, 2);
  await store.dropNewest('it never was');
  await tidyUp(store);
  t.is(store.newest?.number, 1);
  t.deepEqual(
    Object.fromEntries(rowsOf(disk, 'd/')),
    Object.fromEntries(written.map(([key, value]) => [`d/${key}`, value])),
  );
  // Of a base, in place of those.
  hot.epoch++;
  for (let i = 0; i < 6; i++) hot.apply(put(`big/${i}`, `${i}`.repeat(1_000_000)));
  await store.receive(null, hot.latest(null));
  await store.dropNewest('neither was this');
  await tidyUp(store);
  const kept = rowsOf(disk, 'd/');
  const bytes = kept.reduce((sum, [, value]) => sum + value.length, 0);
  t.true(bytes > 2_000_000 && bytes <= 4 * 1024 * 1024, `${bytes}`);
  t.true(kept.some(([key]) => key.includes('big/0')));
  await store.close();
  const again = await open(disk);
  t.is(again.trouble, null);
  await takeFrom(hot, again);
  t.deepEqual((await again.read(allOf('user'))).result, await hot.read(allOf('user')));
  t.is(await again.scrub(noPace), null);
  await again.close();
});
