import test from 'ava';
import { sayHandOvers } from '../../src/cli/commands/cluster/hand-overs.ts';
import type { Output } from '../../src/cli/terminal/output.ts';
import { outputTo } from '../../src/cli/terminal/output.ts';
import type { HandOverRecord } from '../../src/failover/before-death/judge-hand-over.ts';

const record: HandOverRecord = {
  atMs: 1000,
  from: 'n0',
  to: 'n1',
  signal: 'memory',
  now: 0.71234,
  limit: 0.9,
  inMs: 11_800,
  confidence: 0.99997,
  verdict: 'open',
  why: '',
};

function said(records: readonly HandOverRecord[]): readonly (readonly unknown[])[] {
  const rows: (readonly unknown[])[] = [];
  const out: Output = {
    ...outputTo(false),
    say: () => {},
    table: (_, given) => void rows.push(...given),
  };
  sayHandOvers(out, records, 5000);
  return rows;
}

test('hand-overs before death are told with their evidence, and until when an open one is judged', (t) => {
  t.deepEqual(said([]), []);
  t.deepEqual(said([record]), [
    ['   4 s', 'n0', 'n1', 'memory 0.71, limit 0.90 in 12 s (99 %)', 'open', 'known in 20 s at the latest'],
  ]);
  const over = {
    ...record,
    signal: 'sync',
    now: 61,
    limit: 50,
    inMs: 0,
    verdict: 'justified',
    why: 'x',
  } as const;
  t.deepEqual(said([over])[0]?.slice(3), ['sync 61 ms, limit 50 ms reached (99 %)', 'justified', 'x']);
});
