import test from 'ava';
import { Hits } from '../../src/mirrors/sdk/hits.ts';

test('what is read now is counted, however many were read before it; the sums forget nothing', (t) => {
  const hits = new Hits(4);
  const read = (name: string): void => void hits.of(name).fresh++;
  for (const name of ['a', 'b', 'c', 'd']) read(name);
  read('e');
  // Those that go on being read stay; the longest unread goes.
  for (const name of ['b', 'c', 'd']) t.true(hits.has(name), name);
  t.false(hits.has('a'));
  read('b');
  read('d');
  read('f');
  t.deepEqual(
    hits.resources().map(([name]) => name),
    ['e', 'b', 'f', 'd'],
  );
  t.is(hits.total().fresh, 8);
  read('a');
  t.true(hits.has('a'));
  t.is(hits.of('a').fresh, 1);
});
