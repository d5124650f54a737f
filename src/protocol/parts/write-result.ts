import { AssertionError, unreachable } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type Alarm, alarmKinds } from '../../ports/command.ts';
import type {
  CommandResult,
  OperationResult,
  PredictedRangeResult,
  RangeResult,
} from '../../ports/result.ts';
import { writeFailure } from './failure.ts';
import { keyValueBound, writeKeyValue } from './key-value.ts';
import { predictionBound } from './prediction.ts';
import { uintSize, type WireWriter } from './wire-writer.ts';

/** Numbers of `Done.Of`. */
export const doneKinds = [
  'leaseRevoke',
  'setPolicy',
  'removePolicy',
  'closeSession',
  'keepSessions',
] as const satisfies readonly CommandResult['kind'][];

export type AnyResult = CommandResult | OperationResult;

/** About the bytes of the encoded result, rather more than fewer. */
export function resultBound(result: AnyResult): number {
  switch (result.kind) {
    case 'put':
      return result.previous === null ? 16 : 16 + keyValueBound(result.previous);
    case 'deleteRange': {
      let bound = 32;
      for (const keyValue of result.previous) bound += keyValueBound(keyValue);
      return bound;
    }
    case 'range':
      return rangeResultBound(result);
    case 'txn': {
      let bound = 32;
      for (const response of result.responses) bound += resultBound(response) + 8;
      return bound;
    }
    case 'alarm':
      return 64 + result.alarms.length * 96;
    default:
      return 128;
  }
}

export function rangeResultBound(result: RangeResult | PredictedRangeResult): number {
  let bound = 48;
  for (const keyValue of result.values) bound += keyValueBound(keyValue);
  if ('predictions' in result) {
    for (const { prediction } of result.predictions) bound += predictionBound(prediction) + 16;
    for (const { key } of result.absent) bound += key.length + 24;
  }
  return bound;
}

/** As field `field`: `tanist.v1.Result`. */
export function writeResult(writer: WireWriter, field: number, result: AnyResult): void {
  if (result.kind === 'put' && result.previous === null) {
    const size = 1 + uintSize(result.revision);
    writer.header(field, size + 2);
    writer.header(1, size);
    writer.uintAlways(1, result.revision);
    return;
  }
  const outer = writer.begin(field, 128);
  writeOutcome(writer, result);
  writer.end(outer);
}

export function writeRangeResult(writer: WireWriter, field: number, result: RangeResult): void {
  const mark = writer.begin(field, 128);
  writer.uint(1, result.revision);
  for (const keyValue of result.values) writeKeyValue(writer, 2, keyValue);
  writer.uint(3, result.count);
  writer.bool(4, result.more);
  writer.end(mark);
}

function writeAlarms(writer: WireWriter, alarms: readonly Alarm[]): void {
  const outer = writer.begin(11, 128);
  for (const alarm of alarms) writeAlarm(writer, 1, alarm);
  writer.end(outer);
}

/** As field `field`: `tanist.v1.ActiveAlarm`. */
export function writeAlarm(writer: WireWriter, field: number, { member, kind }: Alarm): void {
  const mark = writer.begin(field);
  writer.text(1, member);
  writer.uint(2, alarmKinds.indexOf(kind));
  writer.end(mark);
}

function writeOutcome(writer: WireWriter, result: AnyResult): void {
  switch (result.kind) {
    case 'range':
      writeRangeResult(writer, 3, result);
      return;
    case 'alarm':
      writeAlarms(writer, result.alarms);
      return;
    case 'failed':
      writeFailure(writer, 10, new TanistError(result.code, result.message));
      return;
    case 'deferredRange':
      throw new AssertionError(
        'a deferred range result reached the wire: the node fills it in before it replies',
      );
    default:
  }
  const mark = writer.begin(fieldOf[result.kind]);
  switch (result.kind) {
    case 'put':
      writer.uint(1, result.revision);
      if (result.previous !== null) writeKeyValue(writer, 2, result.previous);
      break;
    case 'deleteRange':
      writer.uint(1, result.revision);
      writer.uint(2, result.deleted);
      for (const keyValue of result.previous) writeKeyValue(writer, 3, keyValue);
      break;
    case 'txn':
      writer.uint(1, result.revision);
      writer.bool(2, result.succeeded);
      for (const response of result.responses) writeResult(writer, 3, response);
      break;
    case 'compact':
      writer.uint(1, result.revision);
      break;
    case 'leaseGrant':
      writer.uint64(1, result.id);
      writer.uint(2, result.ttlMs);
      break;
    case 'leaseKeepAlive':
      writer.uints(1, result.ttlMs);
      break;
    case 'openSession':
      writer.uint(1, result.id);
      break;
    case 'predict':
      writer.uint(1, result.kept);
      writer.uint(2, result.dropped);
      break;
    case 'leaseRevoke':
    case 'setPolicy':
    case 'removePolicy':
    case 'closeSession':
    case 'keepSessions':
      writer.uint(1, doneKinds.indexOf(result.kind));
      break;
    default:
      unreachable(result);
  }
  writer.end(mark);
}

const fieldOf = {
  put: 1,
  deleteRange: 2,
  txn: 4,
  compact: 5,
  leaseGrant: 6,
  leaseRevoke: 7,
  setPolicy: 7,
  removePolicy: 7,
  closeSession: 7,
  keepSessions: 7,
  leaseKeepAlive: 8,
  openSession: 9,
  predict: 12,
} as const;
