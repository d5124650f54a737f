import { emptyBytes } from '../../../foundation/bytes.ts';
import { leaseId, noLease } from '../../../foundation/ids.ts';
import type { Compare, DeleteRangeCommand, Operation, TxnCommand } from '../../../ports/command.ts';
import { WireReader } from '../../parts/wire-reader.ts';
import { readDeleteRangeRequest, readPutRequest, readRangeRequest } from './read-requests.ts';

/** Stands for a RequestOp that holds no request: whoever checks the transaction refuses it by this identity. */
export const emptyOperation: DeleteRangeCommand = Object.freeze({
  kind: 'deleteRange',
  space: 'user',
  key: emptyBytes,
  rangeEnd: emptyBytes,
  previous: false,
});

export interface EtcdTxn {
  readonly txn: TxnCommand;
  /** It has ranges, and each of them is. */
  readonly serializable: boolean;
}

/** Of the ranges of a transaction, those of nested ones among them. */
interface Ranges {
  serializable: number;
  linearizable: number;
}

/** Fails with `invalid-argument` on bytes that are none such. */
export function decodeTxnRequest(bytes: Uint8Array): EtcdTxn {
  const ranges: Ranges = { serializable: 0, linearizable: 0 };
  const txn = readTxnRequest(new WireReader(bytes), ranges);
  return { txn, serializable: ranges.serializable > 0 && ranges.linearizable === 0 };
}

function readTxnRequest(reader: WireReader, ranges: Ranges): TxnCommand {
  const compares: Compare[] = [];
  const success: Operation[] = [];
  const failure: Operation[] = [];
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        compares.push(readCompare(reader));
        break;
      case 2:
        success.push(readOperation(reader, ranges));
        break;
      case 3:
        failure.push(readOperation(reader, ranges));
        break;
      default:
        reader.skip();
    }
  }
  return { kind: 'txn', space: 'user', compares, success, failure };
}

/** A negative revision in a transaction is one that is compacted: unlike outside, where etcd takes it as the latest. */
const oldest = 1;

function readOperation(reader: WireReader, ranges: Ranges): Operation {
  let operation: Operation = emptyOperation;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field > 4) {
      reader.skip();
      continue;
    }
    const inner = reader.enter();
    if (field === 1) {
      const { range, serializable } = readRangeRequest(reader, oldest);
      ranges[serializable ? 'serializable' : 'linearizable'] += 1;
      operation = range;
    } else if (field === 2) operation = readPutRequest(reader);
    else if (field === 3) operation = readDeleteRangeRequest(reader);
    else operation = readTxnRequest(reader, ranges);
    reader.leave(inner);
  }
  reader.leave(outer);
  return operation;
}

const results: readonly Compare['result'][] = ['equal', 'greater', 'less', 'notEqual'];
const targets = ['version', 'create', 'mod', 'value', 'lease'] as const;

/** As etcd, only the member of the `oneof` that fits the target counts; another one, or none, is the default value. */
function readCompare(reader: WireReader): Compare {
  let result: Compare['result'] = 'equal';
  let target: (typeof targets)[number] = 'version';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let union = 0;
  let number = 0;
  let value = emptyBytes;
  let lease = noLease;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    switch (field) {
      case 1:
        result = reader.oneOf(results);
        break;
      case 2:
        target = reader.oneOf(targets);
        break;
      case 3:
        key = reader.bytes();
        break;
      case 4:
      case 5:
      case 6:
        number = reader.int();
        union = field;
        break;
      case 7:
        value = reader.bytes();
        union = field;
        break;
      case 8:
        lease = leaseId(reader.uint64());
        union = field;
        break;
      case 64:
        rangeEnd = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  switch (target) {
    case 'value':
      return { key, rangeEnd, result, target, value: union === 7 ? value : emptyBytes };
    case 'lease':
      return { key, rangeEnd, result, target, lease: union === 8 ? lease : noLease };
    default:
      if (union !== 4 + targets.indexOf(target)) number = 0;
      return number < 0
        ? { key, rangeEnd, result: withoutNegative(result), target, number: Number.MAX_SAFE_INTEGER }
        : { key, rangeEnd, result, target, number };
  }
}

/** What is compared is never negative, nor ever as large as the largest number: so this says of that one what held of the negative. */
function withoutNegative(result: Compare['result']): Compare['result'] {
  return result === 'greater' || result === 'notEqual' ? 'notEqual' : 'equal';
}
