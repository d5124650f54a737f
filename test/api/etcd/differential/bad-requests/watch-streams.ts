import { watchMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { b, type OddStream, type WireFields, wire } from './odd-case.ts';
import type { Differs } from './sides.ts';

const watching = (
  name: string,
  answers: number,
  requests: readonly object[],
  differs?: Differs,
): OddStream => ({
  name: `Watch: ${name}`,
  method: watchMethods.watch,
  requests,
  answers,
  ...(differs === undefined ? {} : { differs }),
});
const create = (request: object): object => ({ create_request: request });
const created = (...fields: WireFields): Buffer => wire([1, wire(...fields)]);
const cancel = (watch_id: number): object => ({ cancel_request: { watch_id } });
const progress = { progress_request: {} };
const min64 = -(2n ** 63n);
const max64 = 2n ** 63n - 1n;
const key = b('on');

const bits53 = (id: string): Differs => [
  `{"header":"36","watch_id":"${id}","created":true,"canceled":false,"compact_revision":0,"cancel_reason":"","fragment":false,"events":[]}`,
  'ids have 53 bits and a sign',
];
const tooLong: Differs = [
  '{"header":"36","watch_id":"18446744073709551615","created":true,"canceled":true,"compact_revision":0,"cancel_reason":"etcdserver: request is too large","fragment":false,"events":[]}',
  'keys have at most 16 KiB',
];

/** Revisions up to 6 are compacted, the present is 36. */
export const watchStreams: readonly OddStream[] = [
  watching('nothing set, then a create', 1, [{}, create({ key })]),
  watching('an unknown kind of request', 1, [wire([9, 'x']), create({ key })]),
  watching('nothing set in the create', 1, [create({})]),
  watching('no key, but an end', 1, [create({ range_end: b('a') })]),
  watching('no key, end \\0', 1, [create({ range_end: b('\0') })]),
  watching('no key, end \\0\\0', 1, [create({ range_end: b('\0\0') })]),
  watching('key \\0, end \\0', 1, [create({ key: b('\0'), range_end: b('\0') })]),
  watching('end before the key', 1, [create({ key, range_end: b('a') })]),
  watching('end is the key', 1, [create({ key, range_end: key })]),
  watching('key that is no UTF-8', 1, [create({ key: b('\xff\xfe'), range_end: b('\xff\xff') })]),
  watching('start -1', 1, [create({ key: b('nobody'), start_revision: -1 })]),
  watching('the least start', 1, [created([1, 'nobody'], [3, min64])]),
  watching('a start in the future', 1, [create({ key, start_revision: 1_000_000 })]),
  watching('the greatest start', 1, [created([1, 'on'], [3, max64])]),
  watching('start 1, compacted', 2, [create({ key, start_revision: 1 })]),
  watching('start 5, compacted, id 7', 2, [create({ key, start_revision: 5, watch_id: 7 })]),
  watching('a compacted start of an empty range', 1, [create({ key, range_end: b('a'), start_revision: 1 })]),
  watching('a compacted start with filters and progress', 2, [
    create({ key, start_revision: 2, filters: ['NOPUT', 'NODELETE'], progress_notify: true, fragment: true }),
  ]),
  watching('filter 2', 1, [created([1, 'on'], [5, 2])]),
  watching('filter -1', 1, [created([1, 'on'], [5, -1])]),
  watching('filters packed, one unknown', 1, [created([1, 'on'], [5, '\x00\x09\x01'])]),
  watching('filter beyond 2^53', 1, [created([1, 'on'], [5, max64])]),
  watching('the same filter twice', 1, [create({ key, filters: ['NOPUT', 'NOPUT'] })]),
  watching('id in use', 3, [create({ key, watch_id: 7 }), create({ key, watch_id: 7 }), create({ key })]),
  watching('id 0 in use', 2, [create({ key }), create({ key, watch_id: 0 })]),
  watching('a negative id', 1, [create({ key, watch_id: -5 })]),
  watching('id -1', 3, [create({ key, watch_id: -1 }), cancel(-1), create({ key })]),
  watching('the least id', 1, [created([1, 'on'], [7, min64])], bits53('18437736874454810625')),
  watching('the greatest id', 1, [created([1, 'on'], [7, max64])], bits53('9007199254740991')),
  watching('id 2^53 + 1', 1, [created([1, 'on'], [7, 2n ** 53n + 1n])], bits53('9007199254740991')),
  watching('chosen ids are left out', 4, [
    create({ key, watch_id: 1 }),
    create({ key }),
    create({ key }),
    create({ key }),
  ]),
  watching('a cancelled id again', 3, [
    create({ key, watch_id: 7 }),
    cancel(7),
    create({ key, watch_id: 7 }),
  ]),
  watching('a cancelled free id is not given again', 3, [create({ key }), cancel(0), create({ key })]),
  watching('a refused one takes no free id', 2, [create({ key, range_end: b('a') }), create({ key })]),
  watching('cancel of nothing', 1, [cancel(0), create({ key })]),
  watching('cancel of an unknown id', 1, [cancel(99), cancel(-1), create({ key })]),
  watching('cancel that is empty', 2, [create({ key }), { cancel_request: {} }]),
  watching('cancel twice', 3, [
    create({ key, watch_id: 3 }),
    cancel(3),
    cancel(3),
    create({ key, watch_id: 4 }),
  ]),
  watching('progress without a watch', 1, [progress]),
  watching('progress without a watch, thrice', 3, [progress, progress, progress]),
  watching('progress with a watch in the future', 2, [create({ key, start_revision: 1_000_000 }), progress]),
  watching('progress after a refused watch', 2, [create({ key, range_end: b('a') }), progress]),
  watching('progress after a cancelled watch', 3, [create({ key }), cancel(0), progress]),
  watching('a request of two kinds: the last counts', 1, [
    create({ key, watch_id: 9 }),
    wire([1, wire([1, 'on'])], [2, wire([1, 77])]),
  ]),
  watching('a create in two pieces', 1, [wire([1, wire([1, 'on'])], [1, wire([7, 5])])]),
  watching('a key of 1 MiB', 1, [created([1, 'k'.repeat(1 << 20)])], tooLong),
  watching('a key of 3 MiB', 1, [created([1, 'k'.repeat(3 << 20)])], tooLong),
  watching(
    'bytes that are no message',
    0,
    [Buffer.from('0aff', 'hex')],
    [
      'error 13 grpc: failed to unmarshal the received message malformed message: cut off',
      'the words of another parser',
    ],
  ),
  watching(
    'a create whose key is a number',
    0,
    [created([1, 5])],
    [
      'error 13 grpc: failed to unmarshal the received message malformed message: wire type 0 where 2 belongs',
      'the words of another parser',
    ],
  ),
];
