import { type ByteString, byteStringOfText } from '../../src/foundation/bytes.ts';
import {
  clusterTimeMs,
  type LeaseId,
  leaseId,
  logIndex,
  noLease,
  noSession,
  revision,
  type SessionId,
  term,
} from '../../src/foundation/ids.ts';
import {
  type Command,
  type Compare,
  type DeleteRangeCommand,
  type Operation,
  type Prediction,
  type PutCommand,
  type RangeRequest,
  rangeOf,
  type TxnCommand,
} from '../../src/ports/command.ts';
import type { Space } from '../../src/ports/delta.ts';
import type { CommandResult } from '../../src/ports/result.ts';
import { sealPrediction } from '../../src/protocol/parts/prediction.ts';
import type { StateMachine } from '../../src/state/state-machine.ts';

export const b = byteStringOfText;

export function put(key: string, value: string, rest: Partial<PutCommand> = {}): PutCommand {
  return {
    kind: 'put',
    space: 'user',
    key: b(key),
    value: b(value),
    lease: noLease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
    ...rest,
  };
}

export function del(key: string, rangeEnd = '', rest: Partial<DeleteRangeCommand> = {}): DeleteRangeCommand {
  return { kind: 'deleteRange', space: 'user', key: b(key), rangeEnd: b(rangeEnd), previous: false, ...rest };
}

export function range(key: string, rangeEnd = '', rest: Partial<RangeRequest> = {}): RangeRequest {
  return rangeOf('user', b(key), b(rangeEnd), rest);
}

export function txn(
  compares: readonly Compare[],
  success: readonly Operation[],
  failure: readonly Operation[] = [],
  space: Space = 'user',
): TxnCommand {
  return { kind: 'txn', space, compares, success, failure };
}

export function valueIs(key: string, value: string, rangeEnd = ''): Compare {
  return { key: b(key), rangeEnd: b(rangeEnd), result: 'equal', target: 'value', value: b(value) };
}

export function numberIs(
  key: string,
  target: 'version' | 'create' | 'mod',
  result: Compare['result'],
  number: number,
  rangeEnd = '',
): Compare {
  return { key: b(key), rangeEnd: b(rangeEnd), result, target, number };
}

/** Made from the key's revision `madeFrom`, of one number. */
export function prediction(key: string, madeFrom: number, rest: Partial<Prediction> = {}): Prediction {
  return {
    space: 'user',
    key: b(key),
    value: b('42'),
    madeFrom: revision(madeFrom),
    madeAtMs: clusterTimeMs(1_000_000),
    forMs: clusterTimeMs(1_001_000),
    validUntilMs: clusterTimeMs(1_010_000),
    model: 'seasonal-naive',
    confidence: 0.75,
    changeProbability: 0.875,
    level: 0.9,
    fields: [{ pointer: '', mean: 42, lower: 40.5, upper: 43.5 }],
    ...rest,
  };
}

export const predict = (...predictions: readonly Prediction[]): Command => ({
  kind: 'predict',
  predictions: predictions.map(sealPrediction),
});

export const compact = (at: number, space: Space = 'user'): Command => ({
  kind: 'compact',
  space,
  revision: revision(at),
});

export const grant = (id: bigint, ttlMs: number): Command => ({ kind: 'leaseGrant', id: leaseId(id), ttlMs });
export const revoke = (id: bigint): Command => ({ kind: 'leaseRevoke', id: leaseId(id) });
export const keepAlive = (...ids: bigint[]): Command => ({ kind: 'leaseKeepAlive', ids: ids.map(leaseId) });
export const lease = (id: bigint): { readonly lease: LeaseId } => ({ lease: leaseId(id) });

/** Applies entries one after the other at stamps that the test chooses. */
export class Log {
  readonly state: StateMachine;
  timeMs = 1_000_000;

  constructor(state: StateMachine) {
    this.state = state;
  }

  apply(...commands: readonly Command[]): readonly CommandResult[] {
    return this.inSession(noSession, 0, 0, ...commands);
  }

  one(command: Command): CommandResult {
    return this.apply(command)[0]!;
  }

  inSession(
    session: SessionId,
    firstNumber: number,
    acknowledgedThrough: number,
    ...commands: readonly Command[]
  ): readonly CommandResult[] {
    const point = { index: logIndex(this.state.applied.index + 1), term: term(1) };
    const batches = [{ session, firstNumber, acknowledgedThrough, commands }];
    return this.state.apply(point, { timeMs: clusterTimeMs(this.timeMs), batches })[0]!;
  }

  /** Moves cluster time by an empty block a step of at most 2 s. */
  wait(ms: number): void {
    const until = this.timeMs + ms;
    while (this.timeMs < until) {
      this.timeMs = Math.min(until, this.timeMs + 2000);
      this.apply();
    }
  }
}

export const keys = (names: string): readonly ByteString[] => (names === '' ? [] : names.split(' ').map(b));
