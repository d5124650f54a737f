import test from 'ava';
import fc from 'fast-check';
import { type ByteString, prefixEnd } from '../../src/foundation/bytes.ts';
import { criticalIntervals, warmRanges } from '../../src/replication/critical-ranges.ts';

const of = (text: Record<string, 'critical' | 'full'>) =>
  Object.entries(text).map(([prefix, tier]) => ({ prefix: prefix as ByteString, policy: { tier } }));
const shown = (text: Record<string, 'critical' | 'full'>): readonly string[] =>
  criticalIntervals(of(text)).map(({ key, rangeEnd }) => `${key} ${rangeEnd}`);

test('nothing is critical by itself; what is inside and full is cut out; neighbours are joined', (t) => {
  t.deepEqual(shown({}), []);
  t.deepEqual(shown({ 'a/': 'full' }), []);
  t.deepEqual(shown({ 'a/': 'critical' }), ['a/ a0']);
  t.deepEqual(shown({ 'a/': 'critical', 'a/b/': 'full' }), ['a/ a/b/', 'a/b0 a0']);
  t.deepEqual(shown({ 'a/': 'full', 'a/b/': 'critical' }), ['a/b/ a/b0']);
  t.deepEqual(shown({ 'a/': 'critical', 'a/b/': 'full', 'a/b/c/': 'critical' }), [
    'a/ a/b/',
    'a/b/c/ a/b/c0',
    'a/b0 a0',
  ]);
  t.deepEqual(shown({ a: 'critical', b: 'critical' }), ['a c']);
  t.deepEqual(shown({ '': 'critical' }), ['\0 \0']);
  t.deepEqual(shown({ '': 'critical', m: 'full' }), ['\0 m', 'n \0']);
  t.deepEqual(shown({ '\xff': 'critical' }), ['\xff \0']);
});

test('the space of facts is held whole', (t) => {
  t.deepEqual(
    warmRanges([]).map(({ space, key, rangeEnd }) => `${space} ${key} ${rangeEnd}`),
    ['system \0 \0'],
  );
});

test('of any policies: a key is in exactly one interval if its longest prefix is critical, else in none', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\xff', '\0'), maxLength: 4 });
  const policies = fc.dictionary(text, fc.constantFrom<'critical' | 'full'>('critical', 'full'), {
    maxKeys: 8,
  });
  fc.assert(
    fc.property(policies, fc.array(text, { minLength: 1 }), (tiers, keys) => {
      const found = criticalIntervals(of(tiers));
      for (const key of keys.filter((each) => each !== '')) {
        const longest = Object.keys(tiers)
          .filter((prefix) => key.startsWith(prefix))
          .sort((a, b) => b.length - a.length)[0];
        const isCritical = longest !== undefined && tiers[longest] === 'critical';
        const holding = found.filter(
          (each) => key >= each.key && (each.rangeEnd === '\0' || key < each.rangeEnd),
        );
        t.is(holding.length, isCritical ? 1 : 0, JSON.stringify([tiers, key, found]));
      }
      for (const [i, each] of found.entries()) t.true(i === 0 || (found[i - 1]?.rangeEnd ?? '') < each.key);
    }),
    { numRuns: 500 },
  );
  t.is(prefixEnd('\xff' as ByteString), '\0' as ByteString);
});
