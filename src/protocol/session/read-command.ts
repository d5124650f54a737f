import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import {
  type LeaseId,
  leaseId,
  nodeId,
  noLease,
  noSession,
  revision,
  type SessionId,
  sessionId,
} from '../../foundation/ids.ts';
import {
  type AlarmCommand,
  type AlarmKind,
  alarmKinds,
  type Command,
  type CommandBatch,
  type Compare,
  type DeleteRangeCommand,
  type Operation,
  type Policy,
  type PutCommand,
  policyTiers,
  type SealedPrediction,
  type TxnCommand,
} from '../../ports/command.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import { readPredictPolicy, readSealed } from '../parts/prediction.ts';
import { readRange } from '../parts/range-request.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { acknowledgements, alarmActions, compareResults } from './write-command.ts';

/** Fails with `invalid-argument` on anything that is not a `tanist.v1.CommandBatch` whose commands this version knows. */
export function decodeCommandBatch(bytes: Uint8Array): CommandBatch {
  return readCommandBatch(new WireReader(bytes));
}

/** The rest of the message in hand. */
export function readCommandBatch(reader: WireReader): CommandBatch {
  let session = noSession;
  let firstNumber = 0;
  let acknowledgedThrough = 0;
  const commands: Command[] = [];
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        session = sessionId(reader.uint());
        break;
      case 2:
        firstNumber = reader.uint();
        break;
      case 3:
        acknowledgedThrough = reader.uint();
        break;
      case 4:
        commands.push(readCommand(reader));
        break;
      default:
        reader.skip();
    }
  }
  return { session, firstNumber, acknowledgedThrough, commands };
}

function readCommand(reader: WireReader): Command {
  let command: Command | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) command = readPut(reader);
    else if (field <= 14) command = readOther(reader, field);
    else reader.skip();
  }
  reader.leave(outer);
  if (command === null) throw malformed('a command that this version does not know');
  return command;
}

function readOther(reader: WireReader, field: number): Command {
  switch (field) {
    case 2:
      return readDeleteRange(reader);
    case 3:
      return readTxn(reader);
    case 4:
      return readCompact(reader);
    case 8:
    case 9:
      return readPolicyChange(reader, field);
    case 10:
      return readOpenSession(reader);
    case 11:
    case 12: {
      const ids = readIds(reader);
      return field === 12
        ? { kind: 'keepSessions', ids: ids as SessionId[] }
        : { kind: 'closeSession', id: (ids.at(-1) ?? noSession) as SessionId };
    }
    case 13:
      return readAlarm(reader);
    case 14:
      return readPredict(reader);
    default:
      return readLease(reader, field);
  }
}

function readPut(reader: WireReader): PutCommand {
  let space: Space = 'user';
  let key = emptyBytes;
  let value = emptyBytes;
  let lease = noLease;
  let previous = false;
  let ignoreValue = false;
  let ignoreLease = false;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        value = reader.bytes();
        break;
      case 3:
        lease = leaseId(reader.uint64());
        break;
      case 4:
        previous = reader.bool();
        break;
      case 5:
        ignoreValue = reader.bool();
        break;
      case 6:
        ignoreLease = reader.bool();
        break;
      case 7:
        space = reader.oneOf(spaces);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'put', space, key, value, lease, previous, ignoreValue, ignoreLease };
}

function readDeleteRange(reader: WireReader): DeleteRangeCommand {
  let space: Space = 'user';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let previous = false;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = reader.bytes();
        break;
      case 2:
        rangeEnd = reader.bytes();
        break;
      case 3:
        previous = reader.bool();
        break;
      case 4:
        space = reader.oneOf(spaces);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'deleteRange', space, key, rangeEnd, previous };
}

function readTxn(reader: WireReader): TxnCommand {
  let space: Space = 'user';
  const compares: Compare[] = [];
  const success: Operation[] = [];
  const failure: Operation[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        compares.push(readCompare(reader));
        break;
      case 2:
        success.push(readOperation(reader));
        break;
      case 3:
        failure.push(readOperation(reader));
        break;
      case 4:
        space = reader.oneOf(spaces);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'txn', space, compares, success, failure };
}

function readOperation(reader: WireReader): Operation {
  let operation: Operation | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        operation = readRange(reader);
        break;
      case 2:
        operation = readPut(reader);
        break;
      case 3:
        operation = readDeleteRange(reader);
        break;
      case 4:
        operation = readTxn(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (operation === null) throw malformed('an operation that this version does not know');
  return operation;
}

type CompareTarget =
  | { readonly target: 'version' | 'create' | 'mod'; readonly number: number }
  | { readonly target: 'value'; readonly value: ByteString }
  | { readonly target: 'lease'; readonly lease: LeaseId };

function readCompare(reader: WireReader): Compare {
  let result: Compare['result'] = 'equal';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let target: CompareTarget | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        result = reader.oneOf(compareResults);
        break;
      case 2:
        key = reader.bytes();
        break;
      case 3:
        rangeEnd = reader.bytes();
        break;
      case 4:
        target = { target: 'version', number: reader.uint() };
        break;
      case 5:
        target = { target: 'create', number: reader.uint() };
        break;
      case 6:
        target = { target: 'mod', number: reader.uint() };
        break;
      case 7:
        target = { target: 'value', value: reader.bytes() };
        break;
      case 8:
        target = { target: 'lease', lease: leaseId(reader.uint64()) };
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (target === null) throw malformed('a compare without a target');
  return { key, rangeEnd, result, ...target };
}

function readCompact(reader: WireReader): Command {
  let space: Space = 'user';
  let at = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        space = reader.oneOf(spaces);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'compact', space, revision: revision(at) };
}

function readLease(reader: WireReader, field: number): Command {
  const ids: bigint[] = [];
  let ttlMs = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        reader.uint64s(ids);
        break;
      case 2:
        ttlMs = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  const id = leaseId(ids.at(-1) ?? 0n);
  if (field === 5) return { kind: 'leaseGrant', id, ttlMs };
  if (field === 6) return { kind: 'leaseRevoke', id };
  return { kind: 'leaseKeepAlive', ids: ids as LeaseId[] };
}

/** An embedded `Policy`. */
export function readPolicy(reader: WireReader): Policy {
  let acknowledge: Policy['acknowledge'] = 'quorum';
  let tier: Policy['tier'] = 'full';
  let predict: Policy['predict'] = null;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) acknowledge = reader.oneOf(acknowledgements);
    else if (field === 2) tier = reader.oneOf(policyTiers);
    else if (field === 3) predict = readPredictPolicy(reader);
    else reader.skip();
  }
  reader.leave(outer);
  return { acknowledge, tier, predict };
}

function readPolicyChange(reader: WireReader, field: 8 | 9): Command {
  let prefix = emptyBytes;
  let policy: Policy = { acknowledge: 'quorum', tier: 'full', predict: null };
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        prefix = reader.bytes();
        break;
      case 2:
        policy = readPolicy(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return field === 8 ? { kind: 'setPolicy', prefix, policy } : { kind: 'removePolicy', prefix };
}

function readOpenSession(reader: WireReader): Command {
  let ttlMs = 0;
  let nonce = '';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        ttlMs = reader.uint();
        break;
      case 2:
        nonce = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'openSession', ttlMs, nonce };
}

function readAlarm(reader: WireReader): Command {
  let action: AlarmCommand['action'] = 'activate';
  let member = '';
  let alarm: AlarmKind = 'noSpace';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        action = reader.oneOf(alarmActions);
        break;
      case 2:
        member = reader.text();
        break;
      case 3:
        alarm = reader.oneOf(alarmKinds);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { kind: 'alarm', action, member: nodeId(member), alarm };
}

function readPredict(reader: WireReader): Command {
  const predictions: SealedPrediction[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) predictions.push(readSealed(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return { kind: 'predict', predictions };
}

function readIds(reader: WireReader): number[] {
  const ids: number[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) reader.uints(ids);
    else reader.skip();
  }
  reader.leave(outer);
  return ids;
}
