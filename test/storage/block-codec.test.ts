import test from 'ava';
import { logIndex, term } from '../../src/foundation/ids.ts';
import type { LogEntry } from '../../src/ports/log-store.ts';
import { chainBytes, chainStart, encodeBlock, readBlockHeader } from '../../src/storage/log/block-codec.ts';

test('what is kept of a block holds no memory but its own', (t) => {
  const entry: LogEntry = {
    term: term(1),
    index: logIndex(1),
    kind: 'commands',
    payload: Buffer.from('put'),
  };
  const { block, key, value } = encodeBlock([entry], 0, 1, chainStart);
  const read = readBlockHeader(key, value);
  for (const chain of [block.after, read!.before, read!.after]) t.is(chain.buffer.byteLength, chainBytes);
  t.deepEqual(read, block);
});
