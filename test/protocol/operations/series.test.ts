import test from 'ava';
import { decodeSeriesReply, encodeSeriesReply } from '../../../src/protocol/operations/series.ts';
import { b } from '../../state/commands.ts';
import { generatedBytes, generatedView } from '../generated.ts';

const values = Float64Array.from([1, -0.5, 1e9 + 0.125, 1e100]);
const plain = {
  node: 'n1',
  series: [
    {
      name: { space: 'PLANES', key: Buffer.from('k'), pointer: '/cpu' },
      stepMs: 250,
      endMs: 1.7e12,
      values: Buffer.from(values.buffer),
    },
  ],
  last: { key: Buffer.from('l') },
  more: true,
};

test('pasts of series, to the last digit', (t) => {
  const reply = decodeSeriesReply(generatedBytes('SeriesReply', plain));
  const past = { space: 'planes', key: b('k'), pointer: '/cpu', stepMs: 250, endMs: 1.7e12, values };
  const last = { space: 'user', key: b('l'), pointer: '' };
  t.deepEqual(reply as object, { node: 'n1', series: [past], last, more: true });
  t.deepEqual(
    generatedView('SeriesReply', encodeSeriesReply(reply)),
    generatedView('SeriesReply', generatedBytes('SeriesReply', plain)),
  );
});

test('one that is cut short, or has no name, is refused', (t) => {
  const [first] = plain.series;
  for (const wrong of [{ ...first, values: Buffer.alloc(9) }, { stepMs: 1 }])
    t.throws(() => decodeSeriesReply(generatedBytes('SeriesReply', { series: [wrong] })), {
      code: 'invalid-argument',
    });
});
