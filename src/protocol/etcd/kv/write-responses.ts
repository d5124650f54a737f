import { AssertionError, unreachable } from '../../../foundation/assert.ts';
import type { KeyValue } from '../../../ports/delta.ts';
import type {
  DeleteRangeResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../../../ports/result.ts';
import { keyValueBound } from '../../parts/key-value.ts';
import { WireWriter } from '../../parts/wire-writer.ts';
import { resultBound } from '../../parts/write-result.ts';

/** Of an answer: who gives it. */
export interface Answering {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly term: number;
}

const headerBound = 44;

export function encodeRangeResponse(answering: Answering, result: RangeResult): Buffer {
  let bound = headerBound + 24;
  for (const value of result.values) bound += keyValueBound(value);
  const writer = new WireWriter(bound);
  writeHeader(writer, answering, result.revision);
  writeRange(writer, result);
  return writer.finish();
}

export function encodePutResponse(answering: Answering, result: PutResult): Buffer {
  const writer = new WireWriter(
    headerBound + (result.previous === null ? 0 : keyValueBound(result.previous)),
  );
  writeHeader(writer, answering, result.revision);
  if (result.previous !== null) writeEtcdKeyValue(writer, 2, result.previous);
  return writer.finish();
}

export function encodeDeleteRangeResponse(answering: Answering, result: DeleteRangeResult): Buffer {
  const writer = new WireWriter(headerBound + resultBound(result));
  writeHeader(writer, answering, result.revision);
  writeDeleteRange(writer, result);
  return writer.finish();
}

export function encodeTxnResponse(answering: Answering, result: TxnResult): Buffer {
  const writer = new WireWriter(headerBound + resultBound(result));
  writeHeader(writer, answering, result.revision);
  writeTxn(writer, result);
  return writer.finish();
}

/** Of all responses that have nothing but a header. */
export function encodeHeaderResponse(answering: Answering, revision: number): Buffer {
  const writer = new WireWriter(headerBound);
  writeHeader(writer, answering, revision);
  return writer.finish();
}

/** As field 1, where every response has it. */
export function writeHeader(writer: WireWriter, answering: Answering, revision: number): void {
  const mark = writer.begin(1, 30);
  writer.uint64(1, answering.clusterId);
  writer.uint64(2, answering.memberId);
  writer.uint(3, revision);
  writer.uint(4, answering.term);
  writer.end(mark);
}

export function writeEtcdKeyValue(writer: WireWriter, field: number, value: KeyValue): void {
  const mark = writer.begin(field, value.key.length + value.value.length + 16);
  writer.bytes(1, value.key);
  writer.uint(2, value.createRevision);
  writer.uint(3, value.modRevision);
  writer.uint(4, value.version);
  writer.bytes(5, value.value);
  writer.uint64(6, value.lease);
  writer.end(mark);
}

function writeRange(writer: WireWriter, result: RangeResult): void {
  for (const value of result.values) writeEtcdKeyValue(writer, 2, value);
  writer.bool(3, result.more);
  writer.uint(4, result.count);
}

function writeDeleteRange(writer: WireWriter, result: DeleteRangeResult): void {
  writer.uint(2, result.deleted);
  for (const value of result.previous) writeEtcdKeyValue(writer, 3, value);
}

function writeTxn(writer: WireWriter, result: TxnResult): void {
  writer.bool(2, result.succeeded);
  for (const response of result.responses) {
    const mark = writer.begin(3, 128);
    writeResponseOp(writer, response);
    writer.end(mark);
  }
}

/** Within a transaction headers say the revision alone, and those of nested ones not even that. */
function writeResponseOp(writer: WireWriter, result: OperationResult): void {
  const mark = writer.begin(fieldOf[result.kind], 128);
  const header = writer.begin(1);
  if (result.kind !== 'txn') writer.uint(3, result.revision);
  writer.end(header);
  switch (result.kind) {
    case 'range':
      writeRange(writer, result);
      break;
    case 'put':
      if (result.previous !== null) writeEtcdKeyValue(writer, 2, result.previous);
      break;
    case 'deleteRange':
      writeDeleteRange(writer, result);
      break;
    case 'txn':
      writeTxn(writer, result);
      break;
    case 'deferredRange':
      throw new AssertionError('a deferred range reached the wire: the node fills it in before it replies');
    default:
      unreachable(result);
  }
  writer.end(mark);
}

const fieldOf = { range: 1, put: 2, deleteRange: 3, txn: 4, deferredRange: 1 } as const;
