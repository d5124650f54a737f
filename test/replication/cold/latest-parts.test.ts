import test from 'ava';
import { packParts } from '../../../src/api/replication/pack-parts.ts';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { wholeSpaces } from '../../../src/replication/whole-space.ts';
import { put } from '../../state/commands.ts';
import { allOf, Hot } from './hot.ts';

const keys = 3000;
const keyOf = (i: number): ByteString => `key/${String(i).padStart(9, '0')}` as ByteString;

function filled(): Hot {
  const hot = new Hot(5);
  const randomText = (): ByteString => {
    let text = '';
    for (let i = 0; i < 256; i++) text += String.fromCharCode(hot.random.below(256));
    return text as ByteString;
  };
  for (let i = 0; i < keys; i++) hot.apply(put('k', '', { key: keyOf(i), value: randomText() }));
  return hot;
}

test('a catch-up takes at most 1.2 times the keys and values that changed, however often they did', async (t) => {
  const hot = filled();
  const held = {
    lineage: { clusterId: 'test', epoch: 0 },
    revisions: {
      user: hot.state.revision('user'),
      planes: hot.state.revision('planes'),
      system: hot.state.revision('system'),
      predicted: hot.state.revision('predicted'),
    },
    ranges: wholeSpaces,
  };
  let latest = 0;
  for (let round = 0; round < 5; round++)
    for (let i = 0; i < keys; i += 7) {
      const value = [
        ...(await hot.read({ ...allOf('user'), key: keyOf(i), rangeEnd: '' as ByteString })).values[0]!.value,
      ]
        .reverse()
        .join('') as ByteString;
      hot.apply(put('k', '', { key: keyOf(i), value }));
      if (round === 4) latest += keyOf(i).length + value.length;
    }
  let sent = 0;
  for (const part of await hot.parts(held)) sent += (await packParts([part])).length;
  t.log(`${sent} bytes for ${latest}: ${(sent / latest).toFixed(3)}`);
  t.true(sent <= 1.2 * latest);
});

test('what is sent is of one revision, whatever is written meanwhile', async (t) => {
  const hot = filled();
  const then = await hot.read(allOf('user'));
  let writes = 0;
  hot.between = () => {
    for (let n = 0; n < 40; n++) hot.step('user');
    writes += 40;
  };
  const values = (await hot.parts(null)).flatMap((part) =>
    part.kind === 'values' && part.space === 'user' ? part.values : [],
  );
  t.true(writes > 0);
  t.deepEqual(values, then.values);
});

test('a compaction that overtakes the stream ends it', async (t) => {
  const hot = filled();
  hot.between = () => {
    hot.step('user');
    hot.compactTo('user', hot.state.revision('user'));
  };
  await t.throwsAsync(hot.parts(null), { code: 'overloaded' });
});
