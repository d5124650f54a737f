import { leaseId, nodeId, revision, sessionId } from '../../foundation/ids.ts';
import { type Alarm, type AlarmKind, alarmKinds } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type {
  CommandResult,
  DeleteRangeResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../../ports/result.ts';
import { readFailure } from './failure.ts';
import { readKeyValue } from './key-value.ts';
import { malformed, type WireReader } from './wire-reader.ts';
import { doneKinds } from './write-result.ts';

type WireResult = CommandResult | RangeResult;

export function readCommandResult(reader: WireReader): CommandResult {
  const result = readResult(reader);
  if (result.kind === 'range') throw malformed('a range as the result of a command');
  return result;
}

function readOperationResult(reader: WireReader): OperationResult {
  const result = readResult(reader);
  switch (result.kind) {
    case 'put':
    case 'deleteRange':
    case 'range':
    case 'txn':
      return result;
    default:
      throw malformed(`${result.kind} as the result of an operation`);
  }
}

function readResult(reader: WireReader): WireResult {
  let result: WireResult | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) result = readPutResult(reader);
    else if (field <= 12) result = readOther(reader, field);
    else reader.skip();
  }
  reader.leave(outer);
  if (result === null) throw malformed('a result that this version does not know');
  return result;
}

function readOther(reader: WireReader, field: number): WireResult {
  switch (field) {
    case 2:
      return readDeleteRangeResult(reader);
    case 3:
      return readRangeResult(reader);
    case 4:
      return readTxnResult(reader);
    case 6:
      return readLeaseGrantResult(reader);
    case 8: {
      const ttlMs: number[] = [];
      const outer = reader.enter();
      while (reader.more()) {
        if (reader.next() === 1) reader.uints(ttlMs);
        else reader.skip();
      }
      reader.leave(outer);
      return { kind: 'leaseKeepAlive', ttlMs };
    }
    case 11:
      return readAlarms(reader);
    case 12:
      return readPredictResult(reader);
    case 10: {
      const { code, message } = readFailure(reader);
      return { kind: 'failed', code, message };
    }
    default:
      return readNumberResult(reader, field);
  }
}

function readPredictResult(reader: WireReader): CommandResult {
  let kept = 0;
  let dropped = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        kept = reader.uint();
        break;
      case 2:
        dropped = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'predict', kept, dropped };
}

function readAlarms(reader: WireReader): CommandResult {
  const alarms: Alarm[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) alarms.push(readAlarm(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return { kind: 'alarm', alarms };
}

export function readAlarm(reader: WireReader): Alarm {
  let member = '';
  let kind: AlarmKind = 'noSpace';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        member = reader.text();
        break;
      case 2:
        kind = reader.oneOf(alarmKinds);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { member: nodeId(member), kind };
}

/** Compact, Done and OpenSession: one number. */
function readNumberResult(reader: WireReader, field: number): CommandResult {
  let number = 0;
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) number = reader.uint();
    else reader.skip();
  }
  reader.leave(outer);
  if (field === 5) return { kind: 'compact', revision: revision(number) };
  if (field === 9) return { kind: 'openSession', id: sessionId(number) };
  const kind = doneKinds[number];
  if (kind === undefined) throw malformed('a result that this version does not know');
  return { kind };
}

function readPutResult(reader: WireReader): PutResult {
  let at = 0;
  let previous: KeyValue | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        previous = readKeyValue(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'put', revision: revision(at), previous };
}

function readDeleteRangeResult(reader: WireReader): DeleteRangeResult {
  let at = 0;
  let deleted = 0;
  const previous: KeyValue[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        deleted = reader.uint();
        break;
      case 3:
        previous.push(readKeyValue(reader));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'deleteRange', revision: revision(at), deleted, previous };
}

export function readRangeResult(reader: WireReader): RangeResult {
  let at = 0;
  const values: KeyValue[] = [];
  let count = 0;
  let more = false;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        values.push(readKeyValue(reader));
        break;
      case 3:
        count = reader.uint();
        break;
      case 4:
        more = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'range', revision: revision(at), values, count, more };
}

function readTxnResult(reader: WireReader): TxnResult {
  let at = 0;
  let succeeded = false;
  const responses: OperationResult[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        succeeded = reader.bool();
        break;
      case 3:
        responses.push(readOperationResult(reader));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'txn', revision: revision(at), succeeded, responses };
}

function readLeaseGrantResult(reader: WireReader): CommandResult {
  let id = 0n;
  let ttlMs = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint64();
        break;
      case 2:
        ttlMs = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'leaseGrant', id: leaseId(id), ttlMs };
}
