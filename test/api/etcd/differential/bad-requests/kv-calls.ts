import { type EtcdMethod, kvMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { b, type OddCall, wire } from './odd-case.ts';
import type { Differs } from './sides.ts';

const { range, put, deleteRange, compact } = kvMethods;
const call =
  (method: EtcdMethod) =>
  (name: string, request: object, differs?: Differs, endsEtcd = false): OddCall => ({
    name: `${method.path.split('/')[2]}: ${name}`,
    method,
    request,
    ...(differs === undefined ? {} : { differs, endsEtcd }),
  });

const get = call(range);
const set = call(put);
const remove = call(deleteRange);
const drop = call(compact);
const min64 = -(2n ** 63n);
const max64 = 2n ** 63n - 1n;
const all = { key: b('\0'), range_end: b('\0') };

/** From an empty store on. */
export const earlyCalls: readonly OddCall[] = [
  get('in an empty store, at revision 1', { key: b('a'), revision: 1 }),
  get('in an empty store, at revision 2', { key: b('a'), revision: 2 }),
  get('in an empty store, at revision -1', { key: b('a'), revision: -1 }),
  get('everything of nothing', all),
  remove('in an empty store', all),
  drop('a future revision of an empty store', { revision: 2 }),
  drop('negative, of an empty store', { revision: -1 }),
];

export const putCalls: readonly OddCall[] = [
  set('nothing set', {}),
  set('no key', { value: b('v') }),
  set('no value', { key: b('empty') }),
  set('a', { key: b('a'), value: b('1') }),
  set('b', { key: b('b'), value: b('2') }),
  set('c', { key: b('c'), value: b('3'), prev_kv: true }),
  set('a again', { key: b('a'), value: b('4'), prev_kv: true }),
  set('ignore_value with a value', { key: b('a'), value: b('x'), ignore_value: true }),
  set('ignore_value', { key: b('a'), ignore_value: true, prev_kv: true }),
  set('ignore_value of a missing key', { key: b('missing'), ignore_value: true }),
  set('ignore_value without a key', { ignore_value: true }),
  set('ignore_value and a value without a key', { value: b('x'), ignore_value: true }),
  set('ignore_lease with a lease', { key: b('a'), lease: 7n, ignore_lease: true }),
  set('ignore_lease of a missing key', { key: b('missing'), ignore_lease: true }),
  set('ignore_lease', { key: b('a'), value: b('5'), ignore_lease: true }),
  set('both ignored', { key: b('a'), ignore_value: true, ignore_lease: true }),
  set('both ignored, of a missing key', { key: b('missing'), ignore_value: true, ignore_lease: true }),
  set('both ignored, value and lease given', {
    ...{ key: b('a'), value: b('x'), lease: 7n, ignore_value: true, ignore_lease: true },
  }),
  set('an unknown lease', { key: b('a'), value: b('x'), lease: 0x1234n }),
  set('a negative lease', wire([1, 'a'], [2, 'x'], [3, -1n])),
  set('the least lease', wire([1, 'a'], [2, 'x'], [3, min64])),
  set('an unknown lease and ignore_value of a missing key', {
    key: b('missing'),
    lease: 9n,
    ignore_value: true,
  }),
  set('no UTF-8', { key: b('\xff\xfe\x80'), value: b('\xc3\x28\0') }),
  set('a key of zeros', { key: b('\0'), value: b('zero') }),
  set('a flag that is 2', wire([1, 'a'], [2, '6'], [4, 2])),
  set('a flag that is -1', wire([1, 'a'], [2, '7'], [4, -1])),
  set('the key twice: the last one counts', wire([1, 'a'], [1, 'twice'], [2, 'v'])),
  set('unknown fields', wire([1, 'a'], [2, '8'], [99, 'x'], [500, 7])),
  get('what is there now', all),
];

const notSorted: Differs = [
  'error 3 etcdserver: invalid sort option',
  'as in etcd 3.5; 3.4 does not sort, or ends',
];
const b300 = 'x'.repeat(300);

export const rangeCalls: readonly OddCall[] = [
  get('nothing set', {}),
  get('empty key with an end', { range_end: b('b') }),
  get('empty key with end \\0', { range_end: b('\0') }),
  get('end before the key', { key: b('c'), range_end: b('a') }),
  get('end is the key', { key: b('a'), range_end: b('a') }),
  get('end \\0', { key: b('b'), range_end: b('\0') }),
  get('key \\0', { key: b('\0') }),
  get('key \\0 to \\0\\0', { key: b('\0'), range_end: b('\0\0') }),
  get('end \\xff', { key: b('b'), range_end: b('\xff') }),
  get('no UTF-8', { key: b('\xff\xfe\x80') }),
  get('a long end', { key: b('a'), range_end: b(b300) }),
  get('limit -1', { ...all, limit: -1 }),
  get('the least limit', wire([1, '\0'], [2, '\0'], [3, min64])),
  get('the greatest limit', wire([1, '\0'], [2, '\0'], [3, max64])),
  get('limit 2^53 - 1', { ...all, limit: Number.MAX_SAFE_INTEGER }),
  get('limit 1', { ...all, limit: 1 }),
  get('limit 1 of one key', { key: b('a'), limit: 1 }),
  get('limit 1, counted only', { ...all, limit: 1, count_only: true }),
  get('keys only and counted only', { ...all, keys_only: true, count_only: true }),
  get('counted only with sort and bounds', {
    ...{ ...all, count_only: true, sort_order: 'DESCEND', min_mod_revision: 3, max_create_revision: 4 },
  }),
  get('limit with a sort', { ...all, limit: 2, sort_target: 'VALUE', sort_order: 'DESCEND' }),
  get('limit with bounds', { ...all, limit: 2, min_mod_revision: 4 }),
  get('revision -1', { key: b('a'), revision: -1 }),
  get('the least revision', wire([1, 'a'], [4, min64])),
  get('a future revision', { key: b('a'), revision: 1000 }),
  get('the greatest revision', wire([1, 'a'], [4, max64])),
  get('a future revision, serializable', { key: b('a'), revision: 1000, serializable: true }),
  get('a future revision, counted only', { key: b('a'), revision: 1000, count_only: true }),
  get('a future revision of an empty range', { key: b('c'), range_end: b('a'), revision: 1000 }),
  get('revision 1', { key: b('a'), revision: 1 }),
  get('least mod revision over the greatest', { ...all, min_mod_revision: 5, max_mod_revision: 3 }),
  get('least create revision over the greatest', { ...all, min_create_revision: 5, max_create_revision: 3 }),
  get('negative least mod revision', { ...all, min_mod_revision: -1 }),
  get('negative greatest mod revision', { ...all, max_mod_revision: -1 }),
  get('negative least create revision', { ...all, min_create_revision: -1, limit: 1 }),
  get('negative greatest create revision', { ...all, max_create_revision: -5, limit: 1 }),
  get('bounds at the ends of the numbers', wire([1, '\0'], [2, '\0'], [10, min64], [11, max64])),
  get('a least mod revision in the future', { ...all, min_mod_revision: 1000 }),
  get('sort order 3', wire([1, '\0'], [2, '\0'], [5, 3]), notSorted),
  get('sort order -1', wire([1, '\0'], [2, '\0'], [5, -1]), notSorted),
  get('sort order 3 by value', wire([1, '\0'], [2, '\0'], [5, 3], [6, 4]), notSorted),
  get('sort target 5', wire([1, '\0'], [2, '\0'], [6, 5]), notSorted, true),
  get('sort target 5 of one key', wire([1, 'a'], [6, 5]), notSorted, true),
  get('sort target -1', wire([1, '\0'], [2, '\0'], [6, -1]), notSorted, true),
  get('sort target 5 and order 1', wire([1, '\0'], [2, '\0'], [5, 1], [6, 5]), notSorted, true),
  get('sort target beyond 2^53', wire([1, '\0'], [2, '\0'], [6, max64]), notSorted, true),
  get('sort target 2^32', wire([1, '\0'], [2, '\0'], [6, 2n ** 32n])),
  get('sort order and target without a key', wire([5, 9], [6, 9])),
];

export const deleteCalls: readonly OddCall[] = [
  remove('nothing set', {}),
  remove('empty key with end \\0', { range_end: b('\0') }),
  remove('end before the key', { key: b('c'), range_end: b('a'), prev_kv: true }),
  remove('end is the key', { key: b('a'), range_end: b('a') }),
  remove('a missing key', { key: b('missing'), prev_kv: true }),
  remove('key \\0 alone', { key: b('\0'), prev_kv: true }),
  remove('no UTF-8', { key: b('\xff\xfe\x80'), prev_kv: true }),
  remove('from \\xff on', { key: b('\xff'), range_end: b('\0') }),
];

/** The store is at about revision 25 by then. */
export const compactCalls: readonly OddCall[] = [
  drop('negative', { revision: -1 }),
  drop('the least', wire([1, min64])),
  drop('a future revision', { revision: 1000 }),
  drop('the greatest', wire([1, max64])),
  drop('5', { revision: 5 }),
  drop('5 again', { revision: 5 }),
  drop('4, below it', { revision: 4 }),
  drop('0, below it', { revision: 0 }),
  drop('nothing set', {}),
  drop('negative, below it', { revision: -3 }),
  drop('5 again, physically', { revision: 5, physical: true }),
  drop('6, physically', { revision: 6, physical: true }),
  get('a compacted revision', { key: b('a'), revision: 5 }),
  get('the compacted revision itself', { key: b('a'), revision: 6 }),
  get('a compacted revision of an empty range', { key: b('c'), range_end: b('a'), revision: 2 }),
  get('a compacted revision, serializable', { key: b('a'), revision: 1, serializable: true }),
  get('a negative revision after it', { key: b('a'), revision: -2 }),
  get('a compacted revision, counted only', { key: b('a'), revision: 1, count_only: true }),
];

const big = (bytes: number): Buffer => wire([1, 'big'], [2, Buffer.alloc(bytes, 'x')]);
const mebibyte = 1024 * 1024;

const tooLarge = 'error 3 etcdserver: request is too large';
const unread: Differs = [tooLarge, 'grpc-go refuses messages of more than 2 MiB before etcd sees them'];
const longKey: Differs = [tooLarge, 'keys have at most 16 KiB'];

/** The last ones: after them the revisions differ. */
export const largeCalls: readonly OddCall[] = [
  set('a value just below 1.5 MiB', big(1.5 * mebibyte - 64)),
  set('a value just over 1.5 MiB', big(1.5 * mebibyte + 1)),
  set('a value of 1.9 MiB', big(1.9 * mebibyte)),
  set('a value of 2 MiB', big(2 * mebibyte), unread),
  set('a value of 3 MiB', big(3 * mebibyte), unread),
  remove('a key of 1.6 MiB', wire([1, 'k'.repeat(1.6 * mebibyte)])),
  drop('an unknown field of 1.6 MiB', wire([1, 7], [99, 'k'.repeat(1.6 * mebibyte)])),
  set('a key of 20 KiB', wire([1, 'k'.repeat(20 * 1024)]), longKey),
  get('a key of 20 KiB', wire([1, 'k'.repeat(20 * 1024)]), longKey),
  get('a key of 1 MiB', wire([1, 'k'.repeat(mebibyte)]), longKey),
  get('an end of 1 MiB', wire([1, 'a'], [2, 'k'.repeat(mebibyte)], [9, 1]), longKey),
  remove('a key of 1 MiB', wire([1, 'k'.repeat(mebibyte)]), longKey),
];
