import { AssertionError, assert, unreachable } from '../../foundation/assert.ts';
import { bytesOf } from '../../foundation/bytes.ts';
import type { LeaseId, Revision } from '../../foundation/ids.ts';
import type { Alarm } from '../../ports/command.ts';
import type { Prediction, PredictionOrigin } from '../../ports/prediction.ts';
import type {
  CommandResult,
  OperationResult,
  PredictedRangeResult,
  RangeResult,
  TxnResult,
} from '../../ports/result.ts';
import type {
  ClientKeyValue,
  ClientOperationAnswer,
  ClientPrediction,
  PredictedAnswer,
  RangeAnswer,
  TxnAnswer,
} from '../../ports/state-client.ts';
import { clientKeyValue } from './bytes.ts';

export interface PutAnswer {
  readonly revision: Revision;
  readonly previous: ClientKeyValue | null;
}
export interface DeleteAnswer {
  readonly revision: Revision;
  readonly deleted: number;
  readonly previous: readonly ClientKeyValue[];
}
export interface LeaseAnswer {
  readonly id: LeaseId;
  readonly ttlMs: number;
}

/** The results of commands, as the caller of each kind wants them. A result of another kind is a bug of the server's. */
export function putAnswer(result: CommandResult): PutAnswer {
  assert(result.kind === 'put', `a put is answered by a put, not ${result.kind}`);
  const previous = result.previous === null ? null : clientKeyValue(result.previous);
  return { revision: result.revision, previous };
}

export function deleteAnswer(result: CommandResult): DeleteAnswer {
  assert(result.kind === 'deleteRange', `a delete is answered by a delete, not ${result.kind}`);
  return {
    revision: result.revision,
    deleted: result.deleted,
    previous: result.previous.map(clientKeyValue),
  };
}

export function txnAnswer(result: CommandResult): TxnAnswer {
  assert(result.kind === 'txn', `a transaction is answered by a transaction, not ${result.kind}`);
  return txnAnswerOf(result, result.revision);
}

export function leaseAnswer(result: CommandResult): LeaseAnswer {
  assert(result.kind === 'leaseGrant', `a grant is answered by a grant, not ${result.kind}`);
  return { id: result.id, ttlMs: result.ttlMs };
}

export function revisionAnswer(result: CommandResult): Revision {
  assert(result.kind === 'compact', `a compaction is answered by a compaction, not ${result.kind}`);
  return result.revision;
}

export function alarmsAnswer(result: CommandResult): readonly Alarm[] {
  assert(result.kind === 'alarm', `an alarm is answered by alarms, not ${result.kind}`);
  return result.alarms;
}

export function noAnswer(): void {}

export function rangeAnswer(result: RangeResult, ageMs: number): RangeAnswer {
  return {
    revision: result.revision,
    values: result.values.map(clientKeyValue),
    count: result.count,
    more: result.more,
    ageMs,
  };
}

export function predictedAnswer(result: RangeResult | PredictedRangeResult, ageMs: number): PredictedAnswer {
  const answer = rangeAnswer(result, ageMs);
  const at = new Map(result.values.map(({ key }, i) => [key, answer.values[i]]));
  const { predictions, absent } = 'predictions' in result ? result : { predictions: [], absent: [] };
  return {
    ...answer,
    predictions: predictions.flatMap(({ prediction, source, ageMs: madeMsAgo }) => {
      const last = at.get(prediction.key);
      return last === undefined ? [] : [clientPrediction(prediction, source, madeMsAgo, last)];
    }),
    absent: absent.map(({ key, ...why }) => ({ key: bytesOf(key), ...why })),
  };
}

function clientPrediction(
  prediction: Prediction,
  source: PredictionOrigin,
  ageMs: number,
  last: ClientKeyValue,
): ClientPrediction {
  const { key, value, confidence, changeProbability, level, fields, model, forMs, validUntilMs } = prediction;
  const bytes = { key: bytesOf(key), value: bytesOf(value) };
  const expected = { confidence, changeProbability, level, fields, model, forMs, validUntilMs };
  return { ...bytes, ...expected, source, ageMs, last };
}

/** `revision`: of the whole transaction, also where this is a nested one of it. */
function txnAnswerOf({ succeeded, responses }: TxnResult, revision: Revision): TxnAnswer {
  return { revision, succeeded, answers: responses.map((response) => operationAnswer(response, revision)) };
}

function operationAnswer(result: OperationResult, whole: Revision): ClientOperationAnswer {
  switch (result.kind) {
    case 'put':
      return { kind: 'put', previous: result.previous === null ? null : clientKeyValue(result.previous) };
    case 'deleteRange':
      return { kind: 'delete', deleted: result.deleted, previous: result.previous.map(clientKeyValue) };
    case 'range': {
      const { revision, values, count, more } = result;
      return { kind: 'get', revision, values: values.map(clientKeyValue), count, more };
    }
    case 'txn':
      return { kind: 'txn', ...txnAnswerOf(result, whole) };
    case 'deferredRange':
      throw new AssertionError('a deferred range is filled in by the node');
    default:
      return unreachable(result);
  }
}
