import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { revision } from '../../../src/foundation/ids.ts';
import { completeResults } from '../../../src/node/reads/deferred-ranges.ts';
import type { CommandResult, OperationResult, RangeResult } from '../../../src/ports/result.ts';
import { range } from '../../state/commands.ts';

const found: RangeResult = { kind: 'range', revision: revision(9), values: [], count: 3, more: false };
const deferred = (key: string): OperationResult => ({
  kind: 'deferredRange',
  revision: revision(5),
  request: range(key, '', { revision: revision(2) }),
});
const done = (...responses: readonly OperationResult[]): CommandResult & { kind: 'txn' } => ({
  kind: 'txn',
  revision: revision(5),
  succeeded: true,
  responses,
});

test('a range that cannot be read fails its own transaction and no other', async (t) => {
  const put: CommandResult = { kind: 'put', revision: revision(4), previous: null };
  const read = async (request: { readonly key: string }): Promise<RangeResult> => {
    if (request.key === 'broken') throw new TanistError('unavailable', 'history could not be read');
    if (request.key === 'odd') throw new Error('odd');
    return found;
  };
  const nested = done(done(deferred('broken')));
  const results = await completeResults(
    [put, done(deferred('a')), done(deferred('a'), deferred('broken')), nested, done(deferred('odd'))],
    read,
  );
  t.is(results[0], put);
  t.like(results[1], { kind: 'txn', responses: [{ kind: 'range', revision: 5, count: 3 }] });
  for (const i of [2, 3, 4]) t.like(results[i], { kind: 'failed', code: 'indeterminate' });
  t.regex((results[2] as { message: string }).message, /was applied.*history could not be read/);
});

test('a compaction that overtook the read fails it alike', async (t) => {
  const gone = { kind: 'failed', code: 'revision-compacted', message: 'compacted' } as const;
  const [result] = await completeResults([done(deferred('a'))], async () => gone);
  t.like(result, { kind: 'failed', code: 'indeterminate' });
});
