import test from 'ava';
import { logIndex, term } from '../../src/foundation/ids.ts';
import type { LogEntry } from '../../src/ports/log-store.ts';
import { chainStart, encodeBlock, readBlockHeader } from '../../src/storage/log/block-codec.ts';

test('what is kept of a block is numbers and short texts: a log has a million of them', (t) => {
  const entry: LogEntry = {
    term: term(1),
    index: logIndex(1),
    kind: 'commands',
    payload: Buffer.from('put'),
  };
  const { block, key, value } = encodeBlock([entry], 0, 1, chainStart);
  const read = readBlockHeader(key, value);
  for (const kept of Object.values(read!)) t.true(typeof kept === 'number' || String(kept) === kept);
  t.is(value.latin1Slice(40, 56), block.after);
  t.not(block.after, chainStart);
  t.deepEqual(read, block);
});
