import test from 'ava';
import { checkHashes, compareHashes } from '../../../src/chaos/traffic/checks/hashes.ts';
import { TanistError } from '../../../src/foundation/errors.ts';

const hash = (id: string, value: number, compacted = 3) => ({ id, hash: value, compacted });

test('hashes: equal up to one revision, or not to be compared', (t) => {
  t.deepEqual(compareHashes([hash('a', 1), hash('b', 1)]), []);
  t.is(compareHashes([hash('a', 1), hash('b', 1), hash('c', 2)])?.length, 1);
  t.is(compareHashes([hash('a', 1), hash('b', 1, 4)]), null);
  t.is(compareHashes([]), null);
});

test('members that have not come to the revision, or are not compacted yet, are asked again', async (t) => {
  const answers = [
    () => {
      throw new TanistError('unavailable', 'OUT_OF_RANGE: a revision of the future');
    },
    () => [hash('a', 1), hash('b', 7, 2)],
    () => [hash('a', 1), hash('b', 1)],
  ];
  const { answer } = await checkHashes({ hashes: async () => (answers.shift() ?? (() => []))() }, 9);
  t.is(answer, 'yes');
});

test('another hash is a violation', async (t) => {
  const { answer, detail } = await checkHashes({ hashes: async () => [hash('a', 1), hash('b', 2)] }, 9);
  t.is(answer, 'no');
  t.regex(detail, /a hashes its keys to 1, b to 2/);
});
