import { unreachable } from '../../foundation/assert.ts';
import { noLease } from '../../foundation/ids.ts';
import {
  type AlarmCommand,
  alarmKinds,
  type Command,
  type CommandBatch,
  type Compare,
  type DeleteRangeCommand,
  type Operation,
  type Policy,
  type PutCommand,
  policyTiers,
  type TxnCommand,
} from '../../ports/command.ts';
import { spaceCode } from '../parts/key-value.ts';
import { predictPolicyBound, sealedBound, writePredictPolicy, writeSealed } from '../parts/prediction.ts';
import { writeRange } from '../parts/range-request.ts';
import { uint64Size, uintSize, WireWriter } from '../parts/wire-writer.ts';

/** Numbers of `Compare.Result`. */
export const compareResults: readonly Compare['result'][] = ['equal', 'greater', 'less', 'notEqual'];
/** Numbers of `Policy.Acknowledge`. */
export const acknowledgements: readonly Policy['acknowledge'][] = ['quorum', 'leader'];

/** Numbers of `Alarm.Action`. */
export const alarmActions: readonly AlarmCommand['action'][] = ['activate', 'deactivate'];

/** At least the bytes that the command takes in an encoded batch, exact to a few dozen; for splitting batches and for buffers. */
export function commandBound(command: Command | Operation): number {
  switch (command.kind) {
    case 'put':
      return command.key.length + command.value.length + 48;
    case 'deleteRange':
    case 'range':
      return command.key.length + command.rangeEnd.length + 96;
    case 'txn': {
      let bound = 32;
      for (const compare of command.compares) {
        bound += compare.key.length + compare.rangeEnd.length + 48;
        if (compare.target === 'value') bound += compare.value.length;
      }
      for (const operation of command.success) bound += commandBound(operation) + 8;
      for (const operation of command.failure) bound += commandBound(operation) + 8;
      return bound;
    }
    case 'setPolicy':
      return command.prefix.length + 32 + predictPolicyBound(command.policy.predict);
    case 'removePolicy':
      return command.prefix.length + 32;
    case 'predict': {
      let bound = 32;
      for (const prediction of command.predictions) bound += sealedBound(prediction);
      return bound;
    }
    case 'openSession':
      return command.nonce.length * 3 + 32;
    case 'alarm':
      return command.member.length * 3 + 40;
    case 'leaseKeepAlive':
    case 'keepSessions':
      return command.ids.length * 10 + 32;
    case 'compact':
    case 'leaseGrant':
    case 'leaseRevoke':
    case 'closeSession':
      return 40;
    default:
      return unreachable(command);
  }
}

/** At least the bytes of the encoded batch, and not many more. */
export function commandBatchBound(batch: CommandBatch): number {
  let bound = 32;
  for (const command of batch.commands) bound += commandBound(command);
  return bound;
}

/** The bytes that the log will hold: `tanist.v1.CommandBatch`. */
export function encodeCommandBatch(batch: CommandBatch): Buffer {
  const writer = new WireWriter(commandBatchBound(batch));
  writeCommandBatch(writer, batch);
  return writer.finish();
}

export function writeCommandBatch(writer: WireWriter, batch: CommandBatch): void {
  writer.uint(1, batch.session);
  writer.uint(2, batch.firstNumber);
  writer.uint(3, batch.acknowledgedThrough);
  for (const command of batch.commands) {
    if (command.kind === 'put') {
      const size = putSize(command);
      writer.header(4, 1 + uintSize(size) + size);
      writer.header(1, size);
      writePut(writer, command);
    } else {
      const mark = writer.begin(4, 64);
      writeCommand(writer, command);
      writer.end(mark);
    }
  }
}

function putSize(put: PutCommand): number {
  const keyLength = put.key.length;
  const valueLength = put.value.length;
  let size = 0;
  if (keyLength !== 0) size += 1 + uintSize(keyLength) + keyLength;
  if (valueLength !== 0) size += 1 + uintSize(valueLength) + valueLength;
  if (put.lease !== noLease) size += 1 + uint64Size(put.lease);
  if (put.previous) size += 2;
  if (put.ignoreValue) size += 2;
  if (put.ignoreLease) size += 2;
  if (put.space !== 'user') size += 2;
  return size;
}

function writePut(writer: WireWriter, put: PutCommand): void {
  writer.bytes(1, put.key);
  writer.bytes(2, put.value);
  writer.uint64(3, put.lease);
  writer.bool(4, put.previous);
  writer.bool(5, put.ignoreValue);
  writer.bool(6, put.ignoreLease);
  writer.uint(7, spaceCode(put.space));
}

function writeDeleteRange(writer: WireWriter, field: number, command: DeleteRangeCommand): void {
  const mark = writer.begin(field, command.key.length + command.rangeEnd.length + 4);
  writer.bytes(1, command.key);
  writer.bytes(2, command.rangeEnd);
  writer.bool(3, command.previous);
  writer.uint(4, spaceCode(command.space));
  writer.end(mark);
}

function writeTxn(writer: WireWriter, field: number, txn: TxnCommand): void {
  const mark = writer.begin(field, 128);
  for (const compare of txn.compares) writeCompare(writer, compare);
  for (const operation of txn.success) writeOperation(writer, 2, operation);
  for (const operation of txn.failure) writeOperation(writer, 3, operation);
  writer.uint(4, spaceCode(txn.space));
  writer.end(mark);
}

function writeOperation(writer: WireWriter, field: number, operation: Operation): void {
  const mark = writer.begin(field, 128);
  switch (operation.kind) {
    case 'range':
      writeRange(writer, 1, operation);
      break;
    case 'put':
      writer.header(2, putSize(operation));
      writePut(writer, operation);
      break;
    case 'deleteRange':
      writeDeleteRange(writer, 3, operation);
      break;
    case 'txn':
      writeTxn(writer, 4, operation);
      break;
    default:
      unreachable(operation);
  }
  writer.end(mark);
}

function writeCompare(writer: WireWriter, compare: Compare): void {
  const mark = writer.begin(1);
  writer.uint(1, compareResults.indexOf(compare.result));
  writer.bytes(2, compare.key);
  writer.bytes(3, compare.rangeEnd);
  switch (compare.target) {
    case 'version':
      writer.uintAlways(4, compare.number);
      break;
    case 'create':
      writer.uintAlways(5, compare.number);
      break;
    case 'mod':
      writer.uintAlways(6, compare.number);
      break;
    case 'value':
      writer.bytesAlways(7, compare.value);
      break;
    case 'lease':
      writer.uint64Always(8, compare.lease);
      break;
    default:
      unreachable(compare);
  }
  writer.end(mark);
}

export function writePolicy(writer: WireWriter, field: number, policy: Policy): void {
  const mark = writer.begin(field);
  writer.uint(1, acknowledgements.indexOf(policy.acknowledge));
  writer.uint(2, policyTiers.indexOf(policy.tier));
  if (policy.predict !== null) writePredictPolicy(writer, 3, policy.predict);
  writer.end(mark);
}

function writeCommand(writer: WireWriter, command: Exclude<Command, PutCommand>): void {
  switch (command.kind) {
    case 'deleteRange':
      writeDeleteRange(writer, 2, command);
      return;
    case 'txn':
      writeTxn(writer, 3, command);
      return;
    default:
  }
  const mark = writer.begin(fieldOf[command.kind]);
  switch (command.kind) {
    case 'compact':
      writer.uint(1, command.revision);
      writer.uint(2, spaceCode(command.space));
      break;
    case 'leaseGrant':
      writer.uint64(1, command.id);
      writer.uint(2, command.ttlMs);
      break;
    case 'leaseRevoke':
      writer.uint64(1, command.id);
      break;
    case 'leaseKeepAlive':
      writer.uint64s(1, command.ids);
      break;
    case 'setPolicy':
      writer.bytes(1, command.prefix);
      writePolicy(writer, 2, command.policy);
      break;
    case 'removePolicy':
      writer.bytes(1, command.prefix);
      break;
    case 'openSession':
      writer.uint(1, command.ttlMs);
      writer.text(2, command.nonce);
      break;
    case 'closeSession':
      writer.uint(1, command.id);
      break;
    case 'keepSessions':
      writer.uints(1, command.ids);
      break;
    case 'alarm':
      writer.uint(1, alarmActions.indexOf(command.action));
      writer.text(2, command.member);
      writer.uint(3, alarmKinds.indexOf(command.alarm));
      break;
    case 'predict':
      for (const prediction of command.predictions) writeSealed(writer, 1, prediction);
      break;
    default:
      unreachable(command);
  }
  writer.end(mark);
}

const fieldOf = {
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  leaseKeepAlive: 7,
  setPolicy: 8,
  removePolicy: 9,
  openSession: 10,
  closeSession: 11,
  keepSessions: 12,
  alarm: 13,
  predict: 14,
} as const;
