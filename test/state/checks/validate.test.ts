import test from 'ava';
import type { ErrorCode } from '../../../src/foundation/errors.ts';
import { limits as builtIn } from '../../../src/foundation/limits.ts';
import type { Command } from '../../../src/ports/command.ts';
import { validateCommand } from '../../../src/state/checks/validate.ts';
import { del, grant, lease, put, range, txn, valueIs } from '../commands.ts';

const limits = { keyBytes: 4, valueBytes: 6, transactionOperations: 3 };
const nested = (depth: number): ReturnType<typeof txn> =>
  depth === 0 ? txn([], [put('k', '')]) : txn([], [nested(depth - 1)]);

const ids = (count: number): readonly unknown[] => new Array(count).fill(1);

const cases: readonly [string, Command, ErrorCode | null][] = [
  ['good put', put('abcd', '123456'), null],
  ['empty key', put('', ''), 'key-empty'],
  ['long key', put('abcde', ''), 'key-too-large'],
  ['long value', put('a', '1234567'), 'value-too-large'],
  ['value and ignoreValue', put('a', '1', { ignoreValue: true }), 'invalid-argument'],
  ['lease and ignoreLease', put('a', '', { ignoreLease: true, ...lease(1n) }), 'invalid-argument'],
  ['empty key in delete', del(''), 'key-empty'],
  ['empty key in compare', txn([valueIs('', '')], []), 'key-empty'],
  ['empty key in nested range', txn([], [txn([], [range('')])]), 'key-empty'],
  ['too many operations', txn([], [range('a'), range('a'), range('a'), range('a')]), 'transaction-too-large'],
  ['nested within the limit', nested(2), null],
  ['nested beyond the limit', nested(3), 'transaction-too-large'],
  ['another space inside', txn([], [put('a', '', { space: 'planes' })]), 'invalid-argument'],
  ['a key put twice', txn([], [put('a', ''), put('a', '')]), 'duplicate-key'],
  ['put within a delete', txn([], [put('b', ''), del('a', 'c')]), 'duplicate-key'],
  ['put beside a delete', txn([], [put('c', ''), del('a', 'c')]), null],
  ['then and else exclude each other', txn([], [txn([], [put('a', '')], [put('a', '')])]), null],
  ['outer and nested put', txn([], [put('a', ''), txn([], [put('a', '')])]), 'duplicate-key'],
  ['outer delete, nested put', txn([], [del('a'), txn([], [put('a', '')])]), 'duplicate-key'],
  ['outer put, nested delete', txn([], [put('a', ''), txn([], [], [del('a')])]), 'duplicate-key'],
  ['clash in the branch not taken', txn([], [], [put('a', ''), put('a', '')]), 'duplicate-key'],
  ['fractional time-to-live', grant(1n, 1.5), 'lease-ttl-invalid'],
  ['as many ids as allowed', { kind: 'leaseKeepAlive', ids: ids(builtIn.idsPerCommand) as never }, null],
  [
    'too many leases',
    { kind: 'leaseKeepAlive', ids: ids(builtIn.idsPerCommand + 1) as never },
    'invalid-argument',
  ],
  [
    'too many sessions',
    { kind: 'keepSessions', ids: ids(builtIn.idsPerCommand + 1) as never },
    'invalid-argument',
  ],
  ['session without nonce', { kind: 'openSession', ttlMs: 1000, nonce: '' }, 'invalid-argument'],
];
for (const [title, command, code] of cases)
  test(`validate: ${title}`, (t) => {
    t.is(validateCommand(command, limits)?.code ?? null, code);
  });

test('transactions are nested only as deeply as every message that holds them can be read', (t) => {
  const wide = { ...limits, transactionOperations: 128 };
  t.is(validateCommand(nested(builtIn.transactionDepth - 1), wide), null);
  t.like(validateCommand(nested(builtIn.transactionDepth), wide), {
    code: 'transaction-too-large',
    message: `transactions are nested deeper than the ${builtIn.transactionDepth} levels that are allowed`,
  });
});
