import test from 'ava';
import type { TanistError } from '../../src/foundation/errors.ts';
import { testEachMutant } from '../each-mutant.ts';
import { digestsOf, ImageWorld, spoiled } from './images.ts';

const rowsOf = async (world: ImageWorld): Promise<readonly (readonly [string, string])[]> => {
  const { database } = await world.folder.disk.copy().open('state');
  const rows: (readonly [string, string])[] = [];
  for await (const some of database.scan('', '~', 1e6))
    for (const { key, value } of some) rows.push([key, Buffer.from(value).toString('hex')]);
  await database.close();
  return rows;
};

test('without what the replica holds, and while that moves on, the image comes out byte for byte as the whole one', async (t) => {
  const whole = await ImageWorld.begin();
  const all = await whole.fetch(null);
  const lean = await ImageWorld.begin();
  const fetched = lean.fetch(lean.pinned);
  await lean.follow();
  const { bytes, heldBytes, applied } = await fetched;
  t.deepEqual(await rowsOf(lean), await rowsOf(whole));
  t.deepEqual(applied, all.applied);
  const { state } = lean.log;
  t.deepEqual(await lean.opened(), { applied: state.applied, digests: digestsOf(state) });
  // 18 of the values are still the latest; those of the keys that were changed or deleted since are sent.
  t.true(heldBytes >= 18 * 100 && heldBytes < 21 * 100, `${heldBytes}`);
  t.true(bytes < all.bytes - heldBytes + 12 * 18 + 200, `${bytes} of ${all.bytes}`);
  t.is(all.heldBytes, 0);
  t.deepEqual(lean.told, []);
  // A value that was replaced since it was pinned is gone with the pin.
  lean.pinned.release();
});

test('a value that was pinned is found after it was replaced or deleted, and one of another revision is not', async (t) => {
  const world = await ImageWorld.begin();
  const [range] = world.ranges;
  const [first, second] = range!.values(range!.range.key, null, 2);
  const at = { first: first!.modRevision, second: second!.modRevision };
  await world.follow();
  range!.put({ ...first!, value: 'newer' as never, modRevision: (at.first + 1000) as never });
  range!.put({ ...first!, value: 'newest' as never, modRevision: (at.first + 1001) as never });
  range!.delete(second!.key);
  const { find } = world.pinned;
  t.is(find('user', first!.key, at.first), first!.value);
  t.is(find('user', second!.key, at.second), second!.value);
  t.is(find('user', first!.key, (at.first + 1000) as never), null);
  t.is(find('user', 'b/1' as never, at.first), null);
  world.pinned.release();
  t.is(find('user', second!.key, at.second), null);
});

test('what cannot be put together is fetched once more, whole, from the same source', async (t) => {
  const world = await ImageWorld.begin();
  const missing = { ...world.pinned, held: world.pinned.held, find: () => null, release: () => {} };
  for (const pinned of [spoiled(world.pinned), missing]) {
    world.told.length = 0;
    world.asked.length = 0;
    const { heldBytes } = await world.fetch(pinned);
    t.deepEqual(world.asked, [pinned.held, null]);
    t.deepEqual(world.told, ['h1']);
    t.is(heldBytes, 0);
    const { state } = world.log;
    t.deepEqual(await world.opened(), { applied: state.applied, digests: digestsOf(state) });
  }
});

test('an image that lacks values is refused when cut short or altered, as a whole one is', async (t) => {
  const world = await ImageWorld.begin();
  const broken = [
    async function* (chunks: AsyncIterable<Uint8Array>) {
      let last: Uint8Array | null = null;
      for await (const chunk of chunks) {
        if (last !== null) yield last;
        last = chunk;
      }
    },
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        const altered = Buffer.from(chunk);
        altered[100] = (altered[100] ?? 0) ^ 1;
        yield altered;
      }
    },
  ];
  for (const change of broken) {
    const error = await t.throwsAsync<TanistError>(world.fetch(world.pinned, change));
    t.is(error.code, 'data-damaged');
  }
});

testEachMutant({
  'held-value-unchecked': async () => {
    const world = await ImageWorld.begin();
    await world.fetch(spoiled(world.pinned));
    const found = await world.opened();
    return JSON.stringify(found?.digests) === JSON.stringify(digestsOf(world.log.state))
      ? []
      : ['the image is not that of the source'];
  },
});
