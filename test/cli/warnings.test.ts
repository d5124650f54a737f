import test from 'ava';
import { Warnings } from '../../src/cli/local/warnings.ts';

const record = {
  level: 40,
  time: 1,
  atMs: 1.5,
  node: 'n4',
  msg: 'snapshot-failed',
  event: 'snapshot-failed',
};

test('a warning is told with what it is about, information is not', (t) => {
  const warnings = new Warnings();
  const line = warnings.line('n4', { ...record, error: 'no hot replica is there to follow' }, 0);
  t.is(line, 'n4: snapshot-failed: error no hot replica is there to follow');
  t.is(warnings.line('n4', { ...record, level: 30, msg: 'elected' }, 0), null);
});

test('what happens again and again is counted, each node and event apart', (t) => {
  const warnings = new Warnings();
  const heard = [0, 1, 9_999, 10_000, 20_000].map((nowMs) => warnings.line('n4', record, nowMs));
  t.deepEqual(heard, [
    'n4: snapshot-failed',
    null,
    null,
    'n4: snapshot-failed (and 2 times before)',
    'n4: snapshot-failed',
  ]);
  t.is(warnings.line('n3', record, 20_001), 'n3: snapshot-failed');
});
