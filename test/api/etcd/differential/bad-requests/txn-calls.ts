import { kvMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { b, type OddCall, type WireFields, wire } from './odd-case.ts';
import type { Differs } from './sides.ts';

const txn = (name: string, request: object, differs?: Differs, endsEtcd = false): OddCall => ({
  name: `Txn: ${name}`,
  method: kvMethods.txn,
  request,
  ...(differs === undefined ? {} : { differs, endsEtcd }),
});

const put = (key: string, value = 'v'): object => ({ request_put: { key: b(key), value: b(value) } });
const get = (key: string, more: object = {}): object => ({ request_range: { key: b(key), ...more } });
const remove = (key: string, end = ''): object => ({
  request_delete_range: { key: b(key), range_end: b(end) },
});
const inner = (...success: object[]): object => ({ request_txn: { success } });
const innerElse = (success: object[], failure: object[]): object => ({ request_txn: { success, failure } });
const many = (count: number, of: (i: number) => object): object[] =>
  Array.from({ length: count }, (_, i) => of(i));
const nested = (depth: number, innermost: object): object =>
  depth === 0 ? innermost : inner(nested(depth - 1, innermost));
const is = (key: string, more: object = {}): object => ({ key: b(key), ...more });
const min64 = -(2n ** 63n);
/** Field 1 is the compares; of one: result, target, key, version, …, range_end 64. */
const compared = (...fields: WireFields): Buffer =>
  wire([1, wire(...fields)], [2, wire([1, wire([1, 'a'])])], [3, wire([1, wire([1, 'b'])])]);

const unknownEnum = (value: number): Differs => [
  `error 3 malformed message: unknown enum value ${value}`,
  'values of enums are known ones',
];
const notSorted: Differs = [
  'error 3 etcdserver: invalid sort option',
  'as in etcd 3.5; 3.4 does not sort, or ends',
];

export const txnCalls: readonly OddCall[] = [
  txn('nothing set', {}),
  txn('a put that is empty', { success: [{ request_put: {} }] }),
  txn('a range that is empty', { success: [{ request_range: {} }] }),
  txn('a range that is empty, in the branch not taken', { failure: [{ request_range: {} }] }),
  txn('a delete that is empty', { failure: [{ request_delete_range: {} }] }),
  txn('an operation without a request', { success: [{}] }),
  txn('an operation without a request, in the branch not taken', { failure: [{}] }),
  txn('an operation of an unknown kind', wire([2, wire([5, wire([1, 'a'])])])),
  txn(
    'an operation of two kinds: the last counts',
    wire([2, wire([2, wire([1, 'a'])], [1, wire([1, 'b'])])]),
  ),
  txn('an operation of the same kind twice', wire([2, wire([1, wire([1, 'a'])], [1, wire([9, 1])])])),
  txn('a nested one that is empty', { success: [inner()] }),
  txn('a nested one without a request', { success: [inner({})] }),
  txn('a nested put without a key', { success: [inner({ request_put: {} })] }),

  txn('a key put twice', { success: [put('t'), put('t')] }),
  txn('a key put twice in the branch not taken', { failure: [put('t'), put('t')] }),
  txn('a key put in both branches', { success: [put('t')], failure: [put('t')] }),
  txn('a put in a deleted range', { success: [remove('t', 'u'), put('t')] }),
  txn('a put before the delete of its range', { success: [put('t'), remove('s', 'u')] }),
  txn('a put at the end of a deleted range', { success: [remove('s', 't'), put('t')] }),
  txn('a put and the delete of its key', { success: [put('t'), remove('t')] }),
  txn('a put and the delete of all', { success: [put('t'), remove('a\0', '\0')] }),
  txn('a put and the delete of a range upside down', { success: [put('t'), remove('u', 's')] }),
  txn('two deletes of the same', { success: [remove('t'), remove('t')] }),
  txn('a put outside and inside', { success: [put('t'), inner(put('t'))] }),
  txn('a put inside and then outside', { success: [inner(put('t')), put('t')] }),
  txn('a put in two nested ones', { success: [inner(put('t')), inner(put('t'))] }),
  txn('a put in both branches of a nested one', { success: [innerElse([put('t')], [put('t')])] }),
  txn('a put in both branches of a nested one and outside', {
    success: [innerElse([put('t')], [put('t')]), put('t')],
  }),
  txn('a put in one branch of a nested one and a delete in the other', {
    success: [innerElse([put('t')], [remove('t')])],
  }),
  txn('a nested delete and a put outside', { success: [inner(remove('s', 'u')), put('t')] }),
  txn('a nested put and a delete outside', { success: [inner(put('t')), remove('s', 'u')] }),
  txn('a nested put, then a nested delete', { success: [inner(put('t')), inner(remove('t'))] }),
  txn('a nested delete, then a nested put', { success: [inner(remove('t')), inner(put('t'))] }),
  txn('a put twice, two levels down', { success: [inner(inner(put('t'), put('t')))] }),

  txn('128 operations', { success: many(128, (i) => put(`m${i}`)) }),
  txn('129 operations', { success: many(129, (i) => put(`m${i}`)) }),
  txn('129 in the branch not taken', { failure: many(129, () => get('a')) }),
  txn('128 in each branch', { success: many(128, () => get('z')), failure: many(128, () => get('z')) }),
  txn('128 compares', { compare: many(128, () => is('a', { target: 'VERSION', version: 0 })) }),
  txn('129 compares', { compare: many(129, () => is('a')) }),
  txn('129 operations without a request', { success: many(129, () => ({})) }),
  txn('129 compares without a key', { compare: many(129, () => ({})) }),
  txn('127 and a nested one of 1', { success: [...many(127, () => get('z')), inner(get('z'))] }),
  txn('128 of which one is a nested one of 1', { success: [...many(127, () => get('z')), inner(put('t'))] }),
  txn('64 and a nested one of 64', {
    success: [...many(63, () => get('z')), inner(...many(64, () => get('z')))],
  }),
  txn('64 and a nested one of 65', {
    success: [...many(63, () => get('z')), inner(...many(65, () => get('z')))],
  }),
  txn('two nested ones of 100', {
    success: [inner(...many(100, () => get('z'))), inner(...many(100, () => get('z')))],
  }),
  txn('128 compares and a nested one', { compare: many(128, () => is('a')), success: [inner(get('a'))] }),

  txn('nested 5 deep', { success: [nested(5, put('deep', '5'))] }),
  txn('nested 23 deep', { success: [nested(23, put('deep', '23'))] }),
  txn('nested 23 deep, a range', { success: [nested(23, get('deep'))] }),
  txn('ranges that see what the transaction did', {
    success: [put('t', '1'), get('t'), remove('t2'), get('t')],
  }),
  txn('a nested one that compares what the outer one put', {
    success: [
      put('t', 'new'),
      { request_txn: { compare: [is('t', { target: 'VALUE', value: b('new') })], success: [get('t')] } },
    ],
  }),

  txn('a compare without a key', { compare: [{}] }),
  txn('a compare without a key, but an end', { compare: [{ range_end: b('\0') }] }),
  txn('a nested compare without a key', { success: [{ request_txn: { compare: [{}] } }] }),
  txn('a compare with nothing but a key', { compare: [is('a')] }),
  txn('a compare with nothing but a key that is missing', { compare: [is('missing')] }),
  txn('a compare of a missing key by value', { compare: [is('missing', { target: 'VALUE', value: b('') })] }),
  txn('a compare of a missing key by value, not equal', {
    compare: [is('missing', { target: 'VALUE', result: 'NOT_EQUAL', value: b('x') })],
  }),
  txn('a compare of a missing key by lease', { compare: [is('missing', { target: 'LEASE', lease: 0n })] }),
  txn('a compare whose target fits not', {
    compare: [is('a', { target: 'MOD', version: 1 })],
    success: [get('a')],
  }),
  txn('a compare of a range upside down', { compare: [is('c', { range_end: b('a'), version: 7 })] }),
  txn('a compare of an empty range by value', {
    compare: [is('x', { range_end: b('y'), target: 'VALUE', value: b('v') })],
  }),
  txn('a compare of everything', {
    compare: [is('\0', { range_end: b('\0'), target: 'MOD', result: 'GREATER' })],
  }),
  txn('a compare with a negative version', { compare: [is('a', { result: 'GREATER', version: -1 })] }),
  txn('a compare with the least version', compared([1, 1], [3, 'a'], [4, min64])),
  txn('a compare with a negative lease', compared([1, 1], [2, 4], [3, 'a'], [8, -1])),
  txn('a compare less than a negative lease', compared([1, 2], [2, 4], [3, 'a'], [8, -1])),
  txn('a compare of an unknown target', compared([2, 9], [3, 'a']), unknownEnum(9)),
  txn('a compare of an unknown target, greater', compared([1, 1], [2, 9], [3, 'a']), unknownEnum(9)),
  txn('a compare of a negative target', compared([2, -1], [3, 'a']), unknownEnum(-1)),
  txn('a compare with an unknown result', compared([1, 9], [3, 'a']), unknownEnum(9)),
  txn('a compare with a negative result', compared([1, -1], [3, 'a']), unknownEnum(-1)),
  txn('a compare of an unknown target without a key', compared([2, 9]), unknownEnum(9)),
  txn('a compare with two values: the last counts', compared([2, 0], [3, 'a'], [4, 1], [5, 1])),

  txn('ignore_value with a value', {
    success: [{ request_put: { key: b('a'), value: b('x'), ignore_value: true } }],
  }),
  txn('ignore_value of a missing key', {
    success: [{ request_put: { key: b('missing'), ignore_value: true } }],
  }),
  txn('ignore_value of a missing key in the branch not taken', {
    failure: [{ request_put: { key: b('missing'), ignore_value: true } }],
  }),
  txn('ignore_lease of a missing key', {
    success: [{ request_put: { key: b('missing'), ignore_lease: true } }],
  }),
  txn('ignore_lease with a lease', {
    success: [{ request_put: { key: b('a'), lease: 5n, ignore_lease: true } }],
  }),
  txn('an unknown lease', { success: [{ request_put: { key: b('a'), lease: 5n } }] }),
  txn('an unknown lease in the branch not taken', { failure: [{ request_put: { key: b('a'), lease: 5n } }] }),
  txn('a put, then one with an unknown lease: neither', {
    success: [put('first'), { request_put: { key: b('second'), lease: 5n } }],
  }),
  txn('a range in the future', { success: [get('a', { revision: 100_000 })] }),
  txn('a put and a range in the future', { success: [put('a'), get('a', { revision: 100_000 })] }),
  txn('a put and a range at a compacted revision', { success: [put('a'), get('a', { revision: 2 })] }),
  txn('a range at a compacted revision in the branch not taken', { failure: [get('a', { revision: 2 })] }),
  txn('a range at the revision that it makes', { success: [put('a'), get('a', { revision: 60 })] }),
  txn('a negative limit', { success: [get('a', { range_end: b('z'), limit: -1, count_only: true })] }),
  txn('a sort target of 5', wire([2, wire([1, wire([1, 'a'], [6, 5])])]), notSorted, true),
  txn('a sort order of 3', wire([2, wire([1, wire([1, 'a'], [5, 3])])]), notSorted),
  txn(
    'a sort target of 5, nested',
    wire([2, wire([4, wire([2, wire([1, wire([1, 'a'], [6, 5])])])])]),
    notSorted,
    true,
  ),
  txn('a sort order of 3 in the branch not taken', wire([3, wire([1, wire([1, 'a'], [5, 3])])]), notSorted),
  txn('a value over 1.5 MiB', { success: [put('a', 'x'.repeat(1536 * 1024 + 1))] }),
];

/** Something is compacted. */
export const lateTxnCalls: readonly OddCall[] = [
  txn('a range at a negative revision', { success: [get('a', { revision: -1 })] }),
  txn('a put and a range at a negative revision', { success: [put('a'), get('a', { revision: -1 })] }),
];
