import test from 'ava';
import { logIndex } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Block } from '../../src/storage/log/block-codec.ts';
import { BlockIndex } from '../../src/storage/log/block-index.ts';

const chainOf = (number: number): string =>
  Buffer.from(String(number).padStart(16, '\xff'), 'latin1').toString('latin1');

test('it says what an array of blocks would say, whatever comes and goes at either end', (t) => {
  const random = seededRandom('block index');
  const index = new BlockIndex();
  let model: Block[] = [];
  let end = 40;
  let chain = 0;
  const push = (): void => {
    const first = logIndex(end + 1);
    end += 1 + random.below(5);
    const before = chainOf(chain);
    chain += 1 + random.below(9);
    const block = { first, last: logIndex(end), before, after: chainOf(chain), bytes: random.below(2 ** 32) };
    index.push(block);
    model.push(block);
  };
  for (let round = 0; round < 400; round++) {
    const roll = random.below(20);
    if (roll < 10) for (let i = random.below(700); i > 0; i--) push();
    else if (roll < 15) {
      const count = random.below(Math.min(model.length, 2500) + 1);
      index.drop(count);
      model = model.slice(count);
    } else if (roll < 18) {
      const count = model.length - random.below(Math.min(model.length, 30) + 1);
      index.keep(count);
      const next = model[count];
      if (next !== undefined) {
        end = next.first - 1;
        chain = Number(next.before.replaceAll('\xff', ''));
      }
      model = model.slice(0, count);
    } else if (roll === 18) {
      index.drop(model.length);
      model = [];
    } else {
      // Another log begins.
      index.keep(0);
      model = [];
      end += 100;
      chain = 0;
    }
    t.is(index.length, model.length);
    t.is(
      index.bytes,
      model.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    t.deepEqual(index.last, model.at(-1));
    t.is(index.at(model.length), undefined);
    t.is(index.at(-1), undefined);
    const from = (model[0]?.first ?? end) - 2;
    for (let i = 0; i < 20; i++) {
      const at = random.below(model.length + 1);
      const asked = from + random.below(end - from + 4);
      const ending = model.findIndex(({ last }) => last >= asked);
      const block = model[at];
      const holder = model.find(({ first, last }) => first <= asked && asked <= last) ?? null;
      if (block !== undefined) t.deepEqual(index.at(at), block);
      t.is(index.firstEndingAt(asked), ending < 0 ? model.length : ending);
      t.deepEqual(index.holding(asked), holder);
      if (holder !== null) {
        t.true(index.has({ ...holder }));
        t.false(index.has({ ...holder, after: chainOf(0) }));
        t.false(index.has({ ...holder, last: logIndex(holder.last + 1) }));
      }
    }
  }
});

test('what does not go on from the last block is refused', (t) => {
  const index = new BlockIndex();
  const block = (first: number, before: number, after: number): Block => ({
    first: logIndex(first),
    last: logIndex(first + 1),
    before: chainOf(before),
    after: chainOf(after),
    bytes: 100,
  });
  index.push(block(7, 3, 4));
  t.throws(() => index.push(block(10, 4, 5)), { message: /goes on from/ });
  t.throws(() => index.push(block(9, 3, 5)), { message: /goes on from/ });
  index.push(block(9, 4, 5));
  t.is(index.length, 2);
});
