import test from 'ava';
import protobuf from 'protobufjs';
import {
  decodeKeys,
  decodeRevision,
  decodeStatus,
  encodeDeleteRange,
  encodeMoveLeader,
  encodePut,
  encodeRange,
  grpcFrame,
} from '../../src/local/etcd/etcd-messages.ts';

/** The same messages as etcd's own proto files name them (field numbers of rpc.proto and kv.proto). */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message PutRequest { bytes key = 1; bytes value = 2; int64 lease = 3; bool prev_kv = 4; }
  message RangeRequest { bytes key = 1; bytes range_end = 2; int64 limit = 3; int64 revision = 4; bool serializable = 7; bool keys_only = 8; }
  message DeleteRangeRequest { bytes key = 1; bytes range_end = 2; }
  message MoveLeaderRequest { uint64 targetID = 1; }
  message ResponseHeader { uint64 cluster_id = 1; uint64 member_id = 2; int64 revision = 3; uint64 raft_term = 4; }
  message KeyValue { bytes key = 1; int64 create_revision = 2; int64 mod_revision = 3; int64 version = 4; bytes value = 5; }
  message RangeResponse { ResponseHeader header = 1; repeated KeyValue kvs = 2; bool more = 3; int64 count = 4; }
  message StatusResponse { ResponseHeader header = 1; string version = 2; int64 dbSize = 3; uint64 leader = 4; uint64 raftIndex = 5; uint64 raftTerm = 6; uint64 raftAppliedIndex = 7; }
`,
  { keepCase: true },
);
const decode = (type: string, bytes: Uint8Array): object =>
  root.lookupType(type).toObject(root.lookupType(type).decode(bytes), { bytes: String, longs: String });
const encode = (type: string, content: object): Uint8Array =>
  root.lookupType(type).encode(root.lookupType(type).fromObject(content)).finish();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('requests are what etcd reads', (t) => {
  t.deepEqual(decode('PutRequest', encodePut(Buffer.from('k'), Buffer.alloc(300, 120))), {
    key: base64('k'),
    value: base64('x'.repeat(300)),
  });
  t.deepEqual(
    decode(
      'RangeRequest',
      encodeRange({ key: Buffer.from('a'), rangeEnd: Buffer.from('b'), keysOnly: true }),
    ),
    {
      key: base64('a'),
      range_end: base64('b'),
      keys_only: true,
    },
  );
  t.deepEqual(decode('RangeRequest', encodeRange({ key: Buffer.from('a') })), { key: base64('a') });
  t.deepEqual(decode('DeleteRangeRequest', encodeDeleteRange(Buffer.from('a'), Buffer.from('b'))), {
    key: base64('a'),
    range_end: base64('b'),
  });
  t.deepEqual(decode('MoveLeaderRequest', encodeMoveLeader(2n ** 64n - 1n)), {
    targetID: '18446744073709551615',
  });
});

test('answers are read as etcd writes them', (t) => {
  const header = {
    cluster_id: '14841639068965178418',
    member_id: '10276657743932975437',
    revision: 4711,
    raft_term: 3,
  };
  const range = encode('RangeResponse', {
    header,
    kvs: [
      { key: base64('a/1'), mod_revision: 9, version: 1 },
      { key: base64('a/2'), mod_revision: 12, version: 2 },
    ],
    count: 2,
  });
  t.is(decodeRevision(range), 4711);
  t.deepEqual(decodeKeys(range), ['a/1', 'a/2']);
  t.deepEqual(
    decodeStatus(
      encode('StatusResponse', {
        header,
        version: '3.4.23',
        dbSize: 20_480,
        leader: '10276657743932975437',
        raftIndex: 300,
        raftTerm: 7,
        raftAppliedIndex: 299,
      }),
    ),
    {
      memberId: 10276657743932975437n,
      leaderId: 10276657743932975437n,
      version: '3.4.23',
      raftIndex: 300n,
      raftTerm: 7n,
      appliedIndex: 299n,
    },
  );
  t.is(decodeRevision(new Uint8Array()), 0);
});

test('a message that is cut off is refused', (t) => {
  const whole = encode('RangeResponse', { header: { revision: 5 } });
  t.throws(() => decodeRevision(whole.subarray(0, -1)), { instanceOf: RangeError });
});

test('a gRPC frame', (t) => {
  t.deepEqual([...grpcFrame(Uint8Array.of(7, 8))], [0, 0, 0, 0, 2, 7, 8]);
});
