import test from 'ava';
import fc from 'fast-check';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { revision } from '../../../src/foundation/ids.ts';
import type { Compare, Operation, RangeRequest, TxnCommand } from '../../../src/ports/command.ts';
import type { KeyValue } from '../../../src/ports/delta.ts';
import type { OperationResult, TxnResult } from '../../../src/ports/result.ts';
import {
  decodeCompactionRequest,
  decodeDeleteRangeRequest,
  decodePutRequest,
  decodeRangeRequest,
} from '../../../src/protocol/etcd/kv/read-requests.ts';
import { decodeTxnRequest, emptyOperation } from '../../../src/protocol/etcd/kv/read-txn.ts';
import {
  encodeDeleteRangeResponse,
  encodeHeaderResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeTxnResponse,
} from '../../../src/protocol/etcd/kv/write-responses.ts';
import { command, result as commandResult, range } from '../arbitraries.ts';
import { generatedType } from './generated.ts';

const buffer = (bytes: ByteString): Buffer => Buffer.from(bytes, 'latin1');
const signed = (lease: bigint): string => String(BigInt.asIntN(64, lease));

/** The bytes that the generated code makes of a plain object. */
function generated(type: string, plain: object): Uint8Array {
  const codec = generatedType(`etcdserverpb.${type}`);
  return codec.encode(codec.fromObject(plain)).finish();
}

function generatedView(type: string, bytes: Uint8Array): object {
  const codec = generatedType(`etcdserverpb.${type}`);
  return codec.toObject(codec.decode(bytes), { longs: String, enums: String, bytes: Array, defaults: true });
}

const numbers = { none: 0, ascend: 1, descend: 2, key: 0, version: 1, create: 2, mod: 3, value: 4, lease: 4 };
const orders = { none: 0, ascend: 1, descend: 2 };
const results = { equal: 0, greater: 1, less: 2, notEqual: 3 };
const targets = { version: 0, create: 1, mod: 2, value: 3, lease: 4 };

function plainRange(request: RangeRequest): object {
  return {
    key: buffer(request.key),
    rangeEnd: buffer(request.rangeEnd),
    limit: String(request.limit),
    revision: String(request.revision),
    sortOrder: orders[request.order],
    sortTarget: numbers[request.target],
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: String(request.minModRevision),
    maxModRevision: String(request.maxModRevision),
    minCreateRevision: String(request.minCreateRevision),
    maxCreateRevision: String(request.maxCreateRevision),
  };
}

function plainCompare(compare: Compare): object {
  const common = {
    key: buffer(compare.key),
    rangeEnd: buffer(compare.rangeEnd),
    result: results[compare.result],
    target: targets[compare.target],
  };
  switch (compare.target) {
    case 'version':
      return { ...common, version: String(compare.number) };
    case 'create':
      return { ...common, createRevision: String(compare.number) };
    case 'mod':
      return { ...common, modRevision: String(compare.number) };
    case 'value':
      return { ...common, value: buffer(compare.value) };
    case 'lease':
      return { ...common, lease: signed(compare.lease) };
  }
}

function plainOperation(operation: Operation): object {
  switch (operation.kind) {
    case 'range':
      return { requestRange: plainRange(operation) };
    case 'put':
      return {
        requestPut: {
          key: buffer(operation.key),
          value: buffer(operation.value),
          lease: signed(operation.lease),
          prevKv: operation.previous,
          ignoreValue: operation.ignoreValue,
          ignoreLease: operation.ignoreLease,
        },
      };
    case 'deleteRange':
      return {
        requestDeleteRange: {
          key: buffer(operation.key),
          rangeEnd: buffer(operation.rangeEnd),
          prevKv: operation.previous,
        },
      };
    case 'txn':
      return { requestTxn: plainTxn(operation) };
  }
}

function plainTxn(txn: TxnCommand): object {
  return {
    compare: txn.compares.map(plainCompare),
    success: txn.success.map(plainOperation),
    failure: txn.failure.map(plainOperation),
  };
}

/** etcd's API knows one space. */
function inUser<T extends Operation>(operation: T): T {
  if (operation.kind !== 'txn') return { ...operation, space: 'user' };
  const success = operation.success.map(inUser);
  const failure = operation.failure.map(inUser);
  return { ...operation, space: 'user', success, failure };
}

const operations = command.filter(
  (each): each is Exclude<Operation, RangeRequest> & typeof each =>
    each.kind === 'put' || each.kind === 'deleteRange' || each.kind === 'txn',
);

test('requests of the generated code become commands', (t) => {
  fc.assert(
    fc.property(operations.map(inUser), (operation) => {
      const [plain] = Object.values(plainOperation(operation)) as [object];
      switch (operation.kind) {
        case 'put':
          t.deepEqual(decodePutRequest(generated('PutRequest', plain)), operation);
          return;
        case 'deleteRange':
          t.deepEqual(decodeDeleteRangeRequest(generated('DeleteRangeRequest', plain)), operation);
          return;
        case 'txn':
          t.deepEqual(decodeTxnRequest(generated('TxnRequest', plain)).txn, operation);
      }
    }),
    { numRuns: 400 },
  );
  fc.assert(
    fc.property(range.map(inUser), fc.boolean(), (request, serializable) => {
      const encoded = generated('RangeRequest', { ...plainRange(request), serializable });
      t.deepEqual(decodeRangeRequest(encoded), { range: request, serializable });
    }),
  );
});

test('numbers that Tanist does not know: negative and huge ones mean what they mean in etcd', (t) => {
  const read = (plain: object) => decodeRangeRequest(generated('RangeRequest', plain)).range;
  t.is(read({ limit: '-1' }).limit, 0);
  t.is(read({ revision: '-1' }).revision, revision(0));
  t.is(read({ revision: '9223372036854775807' }).revision, revision(Number.MAX_SAFE_INTEGER));
  t.like(read({ maxModRevision: '-1' }), {
    maxModRevision: revision(0),
    minModRevision: revision(Number.MAX_SAFE_INTEGER),
  });
  t.like(read({ minModRevision: '-9223372036854775808' }), { minModRevision: revision(1) });
  t.is(
    decodeCompactionRequest(generated('CompactionRequest', { revision: '-3' })).command.revision,
    revision(-3),
  );
  const compare = (plain: object) =>
    decodeTxnRequest(generated('TxnRequest', { compare: [plain] })).txn.compares[0]!;
  // Whatever a version is, it is above -1.
  t.like(compare({ result: 1, target: 0, version: '-1' }), { result: 'notEqual', number: 2 ** 53 - 1 });
  t.like(compare({ result: 2, target: 0, version: '-1' }), { result: 'equal', number: 2 ** 53 - 1 });
  // The member of the oneof that does not fit the target counts for nothing.
  t.like(compare({ target: 2, version: '7' }), { target: 'mod', number: 0 });
  t.like(compare({ target: 3, version: '7' }), { target: 'value', value: '' });
  t.is(decodeTxnRequest(generated('TxnRequest', { success: [{}] })).txn.success[0], emptyOperation);
});

test('a transaction is serializable if it has ranges and all of them are, those of nested ones, too', (t) => {
  const isSerializable = (plain: object) => decodeTxnRequest(generated('TxnRequest', plain)).serializable;
  const local = { requestRange: { key: Buffer.from('a'), serializable: true } };
  const confirmed = { requestRange: { key: Buffer.from('a') } };
  const nested = (operation: object) => ({ requestTxn: { failure: [operation] } });
  t.true(isSerializable({ success: [local], failure: [nested(local)] }));
  t.false(isSerializable({}));
  t.false(isSerializable({ success: [local], failure: [confirmed] }));
  t.false(isSerializable({ success: [local, nested(confirmed)] }));
});

function plainKeyValue(value: KeyValue): object {
  return {
    key: [...buffer(value.key)],
    createRevision: String(value.createRevision),
    modRevision: String(value.modRevision),
    version: String(value.version),
    value: [...buffer(value.value)],
    lease: signed(value.lease),
  };
}

const answering = { clusterId: 2n ** 64n - 1n, memberId: 5n, term: 7 };
const headerOf = (revision: number): object => ({
  clusterId: String(2n ** 64n - 1n),
  memberId: '5',
  revision: String(revision),
  raftTerm: '7',
});
const innerHeader = (revision: number): object => ({
  clusterId: '0',
  memberId: '0',
  revision: String(revision),
  raftTerm: '0',
});

function plainResult(result: OperationResult, header: object): object {
  switch (result.kind) {
    case 'put':
      return { header, prevKv: result.previous === null ? null : plainKeyValue(result.previous) };
    case 'deleteRange':
      return { header, deleted: String(result.deleted), prevKvs: result.previous.map(plainKeyValue) };
    case 'range':
      return {
        header,
        kvs: result.values.map(plainKeyValue),
        more: result.more,
        count: String(result.count),
      };
    case 'txn':
      return { header, succeeded: result.succeeded, responses: result.responses.map(plainResponse) };
    case 'deferredRange':
      throw new Error('never on the wire');
  }
}

const names = {
  put: 'responsePut',
  deleteRange: 'responseDeleteRange',
  range: 'responseRange',
  txn: 'responseTxn',
};

function plainResponse(result: OperationResult): object {
  if (result.kind === 'deferredRange') throw new Error('never on the wire');
  return {
    [names[result.kind]]: plainResult(result, innerHeader(result.kind === 'txn' ? 0 : result.revision)),
  };
}

test('results become responses that the generated code reads', (t) => {
  fc.assert(
    fc.property(commandResult, (result) => {
      switch (result.kind) {
        case 'put':
          t.deepEqual(
            generatedView('PutResponse', encodePutResponse(answering, result)),
            plainResult(result, headerOf(result.revision)),
          );
          return;
        case 'deleteRange':
          t.deepEqual(
            generatedView('DeleteRangeResponse', encodeDeleteRangeResponse(answering, result)),
            plainResult(result, headerOf(result.revision)),
          );
          return;
        case 'txn':
          t.deepEqual(
            generatedView('TxnResponse', encodeTxnResponse(answering, result)),
            plainResult(result satisfies TxnResult, headerOf(result.revision)),
          );
          for (const response of result.responses)
            if (response.kind === 'range')
              t.deepEqual(
                generatedView('RangeResponse', encodeRangeResponse(answering, response)),
                plainResult(response, headerOf(response.revision)),
              );
          return;
        default:
          t.deepEqual(generatedView('CompactionResponse', encodeHeaderResponse(answering, revision(3))), {
            header: headerOf(revision(3)),
          });
      }
    }),
    { numRuns: 400 },
  );
});

test('any bytes are read or refused as invalid-argument', (t) => {
  const decoders = [
    decodeRangeRequest,
    decodePutRequest,
    decodeDeleteRangeRequest,
    decodeTxnRequest,
    decodeCompactionRequest,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(4), (bytes, which) => {
      try {
        decoders[which]!(bytes);
      } catch (error) {
        t.true(error instanceof TanistError && error.code === 'invalid-argument', String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a transaction nested without end is refused', (t) => {
  let bytes = Buffer.alloc(0);
  // success (2) { request_txn (4) { … } }
  for (let i = 0; i < 100; i++) {
    const inner = Buffer.concat([Buffer.from([0x22]), varint(bytes.length), bytes]);
    bytes = Buffer.concat([Buffer.from([0x12]), varint(inner.length), inner]);
  }
  t.throws(() => decodeTxnRequest(bytes), { message: /nested too deeply/ });
});

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, value >> 7]);
}
