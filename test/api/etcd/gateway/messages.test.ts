import test from 'ava';
import { EtcdError } from '../../../../src/api/etcd/etcd-error.ts';
import { JsonReader } from '../../../../src/api/etcd/gateway/json-reader.ts';
import { messagePieces, pieceBytes } from '../../../../src/api/etcd/gateway/large-message.ts';
import { readMessage } from '../../../../src/api/etcd/gateway/read-message.ts';
import { writeMessage } from '../../../../src/api/etcd/gateway/write-message.ts';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/etcd/codec.ts';
import {
  compare,
  rangeRequest,
  rangeResponse,
  txnRequest,
  txnResponse,
} from '../../../../src/protocol/etcd/messages/kv.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseTimeToLiveResponse,
} from '../../../../src/protocol/etcd/messages/lease.ts';
import {
  hashKVResponse,
  moveLeaderRequest,
  statusResponse,
} from '../../../../src/protocol/etcd/messages/maintenance.ts';
import { watchRequest, watchResponse } from '../../../../src/protocol/etcd/messages/watch.ts';
import type { AnySchema } from '../../../../src/protocol/etcd/schema.ts';

const read = (schema: AnySchema, text: string) =>
  decodeMessage(schema, encodeMessage(schema, readMessage(schema, new JsonReader(text).next() ?? null)));
const wrong = (schema: AnySchema, text: string): string => {
  try {
    read(schema, text);
  } catch (error) {
    if (error instanceof EtcdError) return error.details;
    throw error;
  }
  return 'nothing';
};

test('integers as numbers or strings, bytes in base64, enums by name or number, unknown fields skipped', (t) => {
  const message = read(
    rangeRequest,
    '{"key":"Zm9v","limit":"5","revision":7,"sort_order":"DESCEND","sort_target":4,"keysOnly":true,"nope":{},"count_only":null}',
  );
  t.like(message, { key: 'foo', limit: 5, revision: 7, sort_order: 'DESCEND', sort_target: 'VALUE' });
  t.like(message, { keys_only: true, count_only: false });
});

test('all 64 bits of ids count, in both directions', (t) => {
  const max = '9223372036854775807';
  t.is(read(leaseGrantRequest, `{"ID":${max}}`).ID, 2n ** 63n - 1n);
  t.is(read(leaseGrantRequest, '{"ID":"-5"}').ID, 2n ** 64n - 5n);
  t.is(read(moveLeaderRequest, '{"targetID":"18446744073709551615"}').targetID, 2n ** 64n - 1n);
  const encoded = encodeMessage(leaseGrantResponse, { ID: 2n ** 64n - 5n, TTL: -1 });
  t.is(writeMessage(leaseGrantResponse, encoded), '{"ID":"-5","TTL":"-1"}');
});

test('default values are left out, empty messages stay, 32 bit numbers are numbers', (t) => {
  t.is(writeMessage(rangeResponse, Buffer.alloc(0)), '{}');
  const hash = encodeMessage(hashKVResponse, { header: {}, hash: 4_000_000_000, compact_revision: 3 });
  t.is(writeMessage(hashKVResponse, hash), '{"header":{},"hash":4000000000,"compact_revision":"3"}');
  const watch = encodeMessage(watchResponse, {
    events: [
      { type: 'PUT', kv: { key: 'a' as never } },
      { type: 'DELETE', kv: { key: 'a' as never } },
    ],
  });
  t.is(
    writeMessage(watchResponse, watch),
    '{"events":[{"kv":{"key":"YQ=="}},{"type":"DELETE","kv":{"key":"YQ=="}}]}',
  );
  const txn = encodeMessage(txnResponse, { responses: [{ response_txn: {} }, {}] });
  t.is(writeMessage(txnResponse, txn), '{"responses":[{"response_txn":{}},{}]}');
});

test('nested requests, and a zero in a oneof is there', (t) => {
  t.is(read(compare, '{"target":"CREATE","create_revision":"0"}').create_revision, 0);
  t.is(read(compare, '{"target":"CREATE"}').create_revision, null);
  const txn = read(
    txnRequest,
    '{"success":[{"request_put":{"key":"YQ=="}},{"requestTxn":{"failure":[{"request_range":{"key":"Yg=="}}]}}]}',
  );
  t.like(txn, { success: { 0: { request_put: { key: 'a' } } } });
  const watch = read(watchRequest, '{"create_request":{"filters":["NODELETE",0]}}');
  t.deepEqual((watch.create_request as { filters?: unknown }).filters, ['NODELETE', 'NOPUT']);
});

test('what does not fit is refused in the words of etcd', (t) => {
  t.is(
    wrong(rangeRequest, '[]'),
    'json: cannot unmarshal array into Go value of type map[string]json.RawMessage',
  );
  t.is(wrong(rangeRequest, '{"key":1}'), 'json: cannot unmarshal number into Go value of type []uint8');
  t.is(wrong(rangeRequest, '{"limit":5.5}'), 'json: cannot unmarshal number 5.5 into Go value of type int64');
  t.is(wrong(rangeRequest, '{"limit":"x"}'), "invalid character 'x' looking for beginning of value");
  t.is(wrong(rangeRequest, '{"limit":""}'), 'unexpected end of JSON input');
  t.is(
    wrong(rangeRequest, '{"limit":"9223372036854775808"}'),
    'json: cannot unmarshal number 9223372036854775808 into Go value of type int64',
  );
  t.is(
    wrong(rangeRequest, '{"serializable":"yes"}'),
    'json: cannot unmarshal string into Go value of type bool',
  );
  t.is(
    wrong(rangeRequest, '{"sort_order":"UP"}'),
    'unknown value "UP" for enum etcdserverpb.RangeRequest_SortOrder',
  );
  t.regex(wrong(rangeRequest, '{"sort_order":99}'), /^unknown value 99 for enum /);
  t.is(
    wrong(txnRequest, '{"compare":{}}'),
    'json: cannot unmarshal object into Go value of type []json.RawMessage',
  );
  t.is(
    wrong(moveLeaderRequest, '{"targetID":-1}'),
    'json: cannot unmarshal number -1 into Go value of type uint64',
  );
  t.not(wrong(txnRequest, '{"compare":[null]}'), 'nothing');
});

test('base64 is read strictly', (t) => {
  t.is(wrong(rangeRequest, '{"key":"!!"}'), 'illegal base64 data at input byte 0');
  t.is(wrong(rangeRequest, '{"key":"Zm-_"}'), 'illegal base64 data at input byte 2');
  for (const [key, at] of [
    ['YQ=', 3],
    ['YQ==YQ==', 4],
    ['YQ=\nx', 3],
    ['====', 0],
    ['YWJ', 0],
  ] as const)
    t.is(wrong(rangeRequest, JSON.stringify({ key })), `illegal base64 data at input byte ${at}`);
  for (const key of ['Zm9', '=', 'Zg=a', 'Z===', 'Zm9v='])
    t.not(wrong(rangeRequest, `{"key":"${key}"}`), 'nothing');
  t.is(read(rangeRequest, '{"key":"Zm9v\\n"}').key, 'foo');
  t.is(read(rangeRequest, '{"key":"/+8="}').key, '\xff\xef');
});

test('in pieces it is the same text', (t) => {
  const kv = (i: number) => ({
    key: `k${i}` as never,
    value: 'v'.repeat(200) as never,
    lease: 2n ** 64n - 1n,
  });
  const range = encodeMessage(rangeResponse, {
    header: { cluster_id: 2n ** 63n, member_id: 1n, revision: 2 ** 40 },
    kvs: Array.from({ length: 2000 }, (_, i) => kv(i)),
    more: true,
    count: 123_456,
  });
  const pieces = [...messagePieces(rangeResponse, range)];
  t.true(pieces.length > 5);
  t.true(pieces.every((piece) => piece.length < 2 * pieceBytes));
  t.is(pieces.join(''), writeMessage(rangeResponse, range));
  const others: readonly (readonly [AnySchema, Buffer])[] = [
    [rangeResponse, Buffer.alloc(0)],
    [txnResponse, encodeMessage(txnResponse, { succeeded: true, responses: [{}, { response_txn: {} }] })],
    [txnResponse, encodeMessage(txnResponse, { header: {}, responses: [{}] })],
    [
      leaseTimeToLiveResponse,
      encodeMessage(leaseTimeToLiveResponse, { TTL: -1, keys: ['a', '', 'b'] as never }),
    ],
    [
      statusResponse,
      encodeMessage(statusResponse, { version: '3.5.21', errors: ['a', 'b'], dbSizeInUse: 5 }),
    ],
  ];
  for (const [schema, encoded] of others)
    t.is([...messagePieces(schema, encoded)].join(''), writeMessage(schema, encoded));
});
