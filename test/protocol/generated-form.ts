import { type ByteString, bytesOf } from '../../src/foundation/bytes.ts';
import type {
  AgedPrediction,
  Command,
  Compare,
  Operation,
  Prediction,
  PredictPolicy,
  RangeRequest,
} from '../../src/ports/command.ts';
import type { KeyValue } from '../../src/ports/delta.ts';
import type { AbsentPrediction, SealedPrediction } from '../../src/ports/prediction.ts';
import type { CommandResult, OperationResult, RangeResult } from '../../src/ports/result.ts';
import { openPrediction } from '../../src/protocol/parts/prediction.ts';

/**
 * Port types as the plain objects that the generated code takes in `fromObject`: a second, independent statement of how the two
 * correspond.
 */
type Plain = Record<string, unknown>;
const upper = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
const raw = (value: ByteString): Uint8Array => bytesOf(value);
const whole = (value: number | bigint): string => String(value);

export function plainCommand(command: Command): Plain {
  switch (command.kind) {
    case 'put':
    case 'deleteRange':
    case 'txn':
      return plainOperation(command);
    case 'compact':
      return { compact: { revision: whole(command.revision), space: upper(command.space) } };
    case 'leaseGrant':
      return { leaseGrant: { id: whole(command.id), ttlMs: whole(command.ttlMs) } };
    case 'leaseRevoke':
      return { leaseRevoke: { id: whole(command.id) } };
    case 'leaseKeepAlive':
      return { leaseKeepAlive: { ids: command.ids.map(whole) } };
    case 'setPolicy':
      return {
        setPolicy: {
          prefix: raw(command.prefix),
          policy: {
            acknowledge: upper(command.policy.acknowledge),
            tier: upper(command.policy.tier),
            ...(command.policy.predict === null ? {} : { predict: plainPredict(command.policy.predict) }),
          },
        },
      };
    case 'removePolicy':
      return { removePolicy: { prefix: raw(command.prefix) } };
    case 'openSession':
      return { openSession: { ttlMs: whole(command.ttlMs), nonce: command.nonce } };
    case 'closeSession':
      return { closeSession: { id: whole(command.id) } };
    case 'keepSessions':
      return { keepSessions: { ids: command.ids.map(whole) } };
    case 'alarm':
      return {
        alarm: { action: upper(command.action), member: command.member, alarm: upper(command.alarm) },
      };
    case 'predict':
      return { predict: { predictions: command.predictions.map(plainSealed) } };
  }
}

function plainPredict({ stepMs, ...policy }: PredictPolicy): Plain {
  return { ...policy, stepMs: whole(stepMs) };
}

function plainPrediction(prediction: Prediction): Plain {
  const { space, key, value, madeFrom, madeAtMs, forMs, validUntilMs, changeProbability, ...rest } =
    prediction;
  return {
    space: upper(space),
    key: raw(key),
    madeFrom: whole(madeFrom),
    validUntilMs: whole(validUntilMs),
    content: {
      ...rest,
      ...(changeProbability === null ? {} : { changeProbability }),
      value: raw(value),
      madeAtMs: whole(madeAtMs),
      forMs: whole(forMs),
    },
  };
}

function plainSealed(sealed: SealedPrediction): Plain {
  const prediction = openPrediction(sealed);
  if (prediction === null) throw new Error('its own content');
  return plainPrediction(prediction);
}

export function plainAged({ prediction, source, ageMs }: AgedPrediction): Plain {
  return { prediction: plainPrediction(prediction), source: upper(source), ageMs };
}

export function plainAbsent({ key, why, confidence }: AbsentPrediction): Plain {
  return {
    key: raw(key),
    why: upper(why).replaceAll('-', '_'),
    ...(confidence === null ? {} : { confidence }),
  };
}

function plainOperation(operation: Operation): Plain {
  switch (operation.kind) {
    case 'put': {
      const { key, value, lease, previous, ignoreValue, ignoreLease, space } = operation;
      return {
        put: {
          key: raw(key),
          value: raw(value),
          lease: whole(lease),
          previous,
          ignoreValue,
          ignoreLease,
          space: upper(space),
        },
      };
    }
    case 'deleteRange': {
      const { key, rangeEnd, previous, space } = operation;
      return { deleteRange: { key: raw(key), rangeEnd: raw(rangeEnd), previous, space: upper(space) } };
    }
    case 'range':
      return { range: plainRange(operation) };
    case 'txn':
      return {
        txn: {
          compares: operation.compares.map(plainCompare),
          success: operation.success.map(plainOperation),
          failure: operation.failure.map(plainOperation),
          space: upper(operation.space),
        },
      };
  }
}

export function plainRange(range: RangeRequest): Plain {
  return {
    key: raw(range.key),
    rangeEnd: raw(range.rangeEnd),
    limit: whole(range.limit),
    revision: whole(range.revision),
    order: upper(range.order),
    target: upper(range.target),
    keysOnly: range.keysOnly,
    countOnly: range.countOnly,
    minModRevision: whole(range.minModRevision),
    maxModRevision: whole(range.maxModRevision),
    minCreateRevision: whole(range.minCreateRevision),
    maxCreateRevision: whole(range.maxCreateRevision),
    space: upper(range.space),
  };
}

function plainCompare(compare: Compare): Plain {
  const base = { result: upper(compare.result), key: raw(compare.key), rangeEnd: raw(compare.rangeEnd) };
  switch (compare.target) {
    case 'version':
      return { ...base, version: whole(compare.number) };
    case 'create':
      return { ...base, createRevision: whole(compare.number) };
    case 'mod':
      return { ...base, modRevision: whole(compare.number) };
    case 'value':
      return { ...base, value: raw(compare.value) };
    case 'lease':
      return { ...base, lease: whole(compare.lease) };
  }
}

export function plainKeyValue(keyValue: KeyValue): Plain {
  return {
    key: raw(keyValue.key),
    value: raw(keyValue.value),
    createRevision: whole(keyValue.createRevision),
    modRevision: whole(keyValue.modRevision),
    version: whole(keyValue.version),
    lease: whole(keyValue.lease),
  };
}

export function plainRangeResult(result: RangeResult): Plain {
  return {
    revision: whole(result.revision),
    values: result.values.map(plainKeyValue),
    count: whole(result.count),
    more: result.more,
  };
}

export function plainResult(result: CommandResult | OperationResult): Plain {
  switch (result.kind) {
    case 'put':
      return {
        put: {
          revision: whole(result.revision),
          ...(result.previous === null ? {} : { previous: plainKeyValue(result.previous) }),
        },
      };
    case 'deleteRange':
      return {
        deleteRange: {
          revision: whole(result.revision),
          deleted: whole(result.deleted),
          previous: result.previous.map(plainKeyValue),
        },
      };
    case 'range':
      return { range: plainRangeResult(result) };
    case 'txn':
      return {
        txn: {
          revision: whole(result.revision),
          succeeded: result.succeeded,
          responses: result.responses.map(plainResult),
        },
      };
    case 'compact':
      return { compact: { revision: whole(result.revision) } };
    case 'leaseGrant':
      return { leaseGrant: { id: whole(result.id), ttlMs: whole(result.ttlMs) } };
    case 'leaseKeepAlive':
      return { leaseKeepAlive: { ttlMs: result.ttlMs.map(whole) } };
    case 'openSession':
      return { openSession: { id: whole(result.id) } };
    case 'predict':
      return { predict: { kept: whole(result.kept), dropped: whole(result.dropped) } };
    case 'alarm':
      return {
        alarm: { alarms: result.alarms.map(({ member, kind }) => ({ member, kind: upper(kind) })) },
      };
    case 'failed':
      return {
        failure: { code: result.code, message: result.message, retryable: false, indeterminate: false },
      };
    case 'deferredRange':
      throw new Error('never on the wire');
    default:
      return { done: { of: upper(result.kind) } };
  }
}
