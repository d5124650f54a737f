import fc from 'fast-check';
import type { Command, Operation } from '../../src/ports/command.ts';
import { validateCommand } from '../../src/state/checks/validate.ts';
import { compact, del, numberIs, put, range, txn, valueIs } from './commands.ts';

const keyNames = ['a', 'b', 'c', 'd', 'aa', 'ab', 'ba'];
const key = fc.constantFrom(...keyNames);
const end = fc.constantFrom('', '', 'b', 'c', 'zz', '\0');
const value = fc.constantFrom('', '1', '2', '3');

const aPut = fc.tuple(key, value).map(([k, v]) => put(k, v));
const aDelete = fc.tuple(key, end).map(([k, e]) => del(k, e));
const aRange = fc.tuple(key, end).map(([k, e]) => range(k, e));
const aCompare = fc.oneof(
  fc.tuple(key, value, end).map(([k, v, e]) => valueIs(k, v, e)),
  fc.tuple(key, fc.nat(3), end).map(([k, n, e]) => numberIs(k, 'version', 'greater', n, e)),
);

function aTxn(depth: number): fc.Arbitrary<ReturnType<typeof txn>> {
  const operation: fc.Arbitrary<Operation> =
    depth === 0 ? fc.oneof(aPut, aDelete, aRange) : fc.oneof(aPut, aDelete, aRange, aTxn(depth - 1));
  const operations = fc.array(operation, { maxLength: 4 });
  return fc
    .tuple(fc.array(aCompare, { maxLength: 2 }), operations, operations)
    .map(([compares, success, failure]) => txn(compares, success, failure));
}

const wide = { keyBytes: 100, valueBytes: 100, transactionOperations: 100 };

/** Valid commands of every kind that changes keys. A compaction's revision is relative: n before the present. */
export const aCommand: fc.Arbitrary<Command> = fc
  .oneof(
    { weight: 6, arbitrary: aPut },
    { weight: 3, arbitrary: aDelete },
    { weight: 3, arbitrary: aTxn(2) },
    { weight: 1, arbitrary: fc.nat(4).map((n) => compact(n)) },
  )
  .filter((command) => validateCommand(command, wide) === null);

export const someCommands = fc.array(aCommand, { minLength: 1, maxLength: 40 });
