import fc from 'fast-check';
import { type ByteString, byteString } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, leaseId, nodeId, revision, sessionId } from '../../src/foundation/ids.ts';
import {
  alarmKinds,
  type Command,
  type CommandBatch,
  type Compare,
  type Operation,
  type Prediction,
  type PredictPolicy,
  type RangeRequest,
} from '../../src/ports/command.ts';
import { type KeyValue, spaces } from '../../src/ports/delta.ts';
import { predictableSpaces, predictionOrigins, whysAbsent } from '../../src/ports/prediction.ts';
import type {
  CommandResult,
  OperationResult,
  PredictedRangeResult,
  RangeResult,
} from '../../src/ports/result.ts';
import { sealPrediction } from '../../src/protocol/parts/prediction.ts';

export const bytes: fc.Arbitrary<ByteString> = fc
  .oneof(
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    fc.uint8Array({ minLength: 120, maxLength: 300 }),
  )
  .map(byteString);
export const space = fc.constantFrom(...spaces);
/** Every length of a varint up to what JavaScript holds exactly. */
export const safe = fc.oneof(
  fc.nat(300),
  fc
    .integer({ min: 0, max: 53 })
    .chain((bits) => fc.constantFrom(2 ** bits - 1, Math.min(2 ** bits, 2 ** 53 - 1))),
  fc.maxSafeNat(),
);
export const number = safe.map(revision);
export const lease = fc
  .oneof(
    fc.constant(0n),
    fc.integer({ min: 0, max: 64 }).map((bits) => (1n << BigInt(bits)) - 1n),
    fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
    fc.constant(0xffffffffffffffffn),
  )
  .map(leaseId);
const kind = <K extends string>(name: K) => fc.constant(name);

const put = fc.record({
  kind: kind('put'),
  space,
  key: bytes,
  value: bytes,
  lease,
  previous: fc.boolean(),
  ignoreValue: fc.boolean(),
  ignoreLease: fc.boolean(),
});
const deleteRange = fc.record({
  kind: kind('deleteRange'),
  space,
  key: bytes,
  rangeEnd: bytes,
  previous: fc.boolean(),
});
export const range: fc.Arbitrary<RangeRequest> = fc.record({
  kind: kind('range'),
  space,
  key: bytes,
  rangeEnd: bytes,
  limit: safe,
  revision: number,
  order: fc.constantFrom('none', 'ascend', 'descend'),
  target: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  minModRevision: number,
  maxModRevision: number,
  minCreateRevision: number,
  maxCreateRevision: number,
});
const compareBase = {
  key: bytes,
  rangeEnd: bytes,
  result: fc.constantFrom('equal', 'greater', 'less', 'notEqual'),
};
const compare = fc.oneof(
  fc.record({ ...compareBase, target: fc.constantFrom('version', 'create', 'mod'), number: safe }),
  fc.record({ ...compareBase, target: kind('value'), value: bytes }),
  fc.record({ ...compareBase, target: kind('lease'), lease }),
) as fc.Arbitrary<Compare>;

const { txn } = fc.letrec<{ operation: Operation; txn: Operation & { readonly kind: 'txn' } }>((tie) => ({
  operation: fc.oneof({ depthSize: 'small', withCrossShrink: true }, put, deleteRange, range, tie('txn')),
  txn: fc.record({
    kind: kind('txn'),
    space,
    compares: fc.array(compare, { maxLength: 3 }),
    success: fc.array(tie('operation'), { maxLength: 3 }),
    failure: fc.array(tie('operation'), { maxLength: 2 }),
  }),
}));

/** Zero without a sign, as what is left out is read. */
const double = fc.double({ noNaN: true }).map((value) => value + 0);
const predictPolicy: fc.Arbitrary<PredictPolicy> = fc.record({
  fields: fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
  stepMs: safe,
  horizon: fc.nat(300),
  minConfidence: double,
  weight: double,
});
export const prediction: fc.Arbitrary<Prediction> = fc.record({
  space: fc.constantFrom(...predictableSpaces),
  key: bytes,
  value: bytes,
  madeFrom: number,
  madeAtMs: safe.map(clusterTimeMs),
  forMs: safe.map(clusterTimeMs),
  validUntilMs: safe.map(clusterTimeMs),
  model: fc.string({ unit: 'binary' }),
  confidence: double,
  changeProbability: fc.option(double),
  level: double,
  fields: fc.array(
    fc.record({ pointer: fc.string({ unit: 'binary' }), mean: double, lower: double, upper: double }),
    { maxLength: 3 },
  ),
});

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: put },
  deleteRange,
  { weight: 2, arbitrary: txn },
  fc.record({ kind: kind('compact'), space, revision: number }),
  fc.record({ kind: kind('leaseGrant'), id: lease, ttlMs: safe }),
  fc.record({ kind: kind('leaseRevoke'), id: lease }),
  fc.record({ kind: kind('leaseKeepAlive'), ids: fc.array(lease, { maxLength: 5 }) }),
  fc.record({
    kind: kind('setPolicy'),
    prefix: bytes,
    policy: fc.record({
      acknowledge: fc.constantFrom('quorum', 'leader'),
      tier: fc.constantFrom('full', 'critical'),
      predict: fc.option(predictPolicy),
    }),
  }) as fc.Arbitrary<Command>,
  fc.record({ kind: kind('removePolicy'), prefix: bytes }),
  fc.record({ kind: kind('openSession'), ttlMs: safe, nonce: fc.string({ unit: 'binary' }) }),
  fc.record({ kind: kind('closeSession'), id: safe.map(sessionId) }),
  fc.record({
    kind: kind('alarm'),
    action: fc.constantFrom('activate', 'deactivate'),
    member: fc.constantFrom('', 'n1').map(nodeId),
    alarm: fc.constantFrom(...alarmKinds),
  }) as fc.Arbitrary<Command>,
  fc.record({ kind: kind('keepSessions'), ids: fc.array(safe.map(sessionId), { maxLength: 5 }) }),
  fc.record({
    kind: kind('predict'),
    predictions: fc.array(prediction.map(sealPrediction), { maxLength: 3 }),
  }),
);

export const batch: fc.Arbitrary<CommandBatch> = fc.record({
  session: safe.map(sessionId),
  firstNumber: safe,
  acknowledgedThrough: safe,
  commands: fc.array(command, { maxLength: 6 }),
});

export const keyValue: fc.Arbitrary<KeyValue> = fc.record({
  key: bytes,
  value: bytes,
  createRevision: number,
  modRevision: number,
  version: safe,
  lease,
});

const putResult = fc.record({ kind: kind('put'), revision: number, previous: fc.option(keyValue) });
const deleteRangeResult = fc.record({
  kind: kind('deleteRange'),
  revision: number,
  deleted: safe,
  previous: fc.array(keyValue, { maxLength: 3 }),
});
export const rangeResult: fc.Arbitrary<RangeResult> = fc.record({
  kind: kind('range'),
  revision: number,
  values: fc.array(keyValue, { maxLength: 3 }),
  count: safe,
  more: fc.boolean(),
});
/** With something predicted: without, it is like a range on the wire. */
export const predictedResult: fc.Arbitrary<PredictedRangeResult> = fc
  .tuple(
    rangeResult,
    fc.array(fc.record({ prediction, source: fc.constantFrom(...predictionOrigins), ageMs: double }), {
      maxLength: 3,
    }),
    fc.array(fc.record({ key: bytes, why: fc.constantFrom(...whysAbsent), confidence: fc.option(double) }), {
      maxLength: 3,
    }),
  )
  .filter(([, predictions, absent]) => predictions.length + absent.length > 0)
  .map(([range, predictions, absent]) => ({ ...range, predictions, absent }));
const { txnResult } = fc.letrec<{
  response: OperationResult;
  txnResult: CommandResult & { readonly kind: 'txn' };
}>((tie) => ({
  response: fc.oneof({ depthSize: 'small' }, putResult, deleteRangeResult, rangeResult, tie('txnResult')),
  txnResult: fc.record({
    kind: kind('txn'),
    revision: number,
    succeeded: fc.boolean(),
    responses: fc.array(tie('response'), { maxLength: 3 }),
  }),
}));
export const result: fc.Arbitrary<CommandResult> = fc.oneof(
  { weight: 4, arbitrary: putResult },
  deleteRangeResult,
  txnResult,
  fc.record({ kind: kind('compact'), revision: number }),
  fc.record({ kind: kind('leaseGrant'), id: lease, ttlMs: safe }),
  fc.record({ kind: kind('leaseKeepAlive'), ttlMs: fc.array(safe, { maxLength: 4 }) }),
  fc.record({ kind: kind('openSession'), id: safe.map(sessionId) }),
  fc.record({ kind: kind('predict'), kept: safe, dropped: safe }),
  fc.record({
    kind: kind('alarm'),
    alarms: fc.array(
      fc.record({ member: fc.constantFrom('', 'n1').map(nodeId), kind: fc.constantFrom(...alarmKinds) }),
      { maxLength: 3 },
    ),
  }),
  ...(['leaseRevoke', 'setPolicy', 'removePolicy', 'closeSession', 'keepSessions'] as const).map((name) =>
    fc.record({ kind: kind(name) }),
  ),
  fc.record({
    kind: kind('failed'),
    code: fc.constantFrom('key-not-found', 'lease-not-found'),
    message: fc.string({ unit: 'binary' }),
  }),
) as fc.Arbitrary<CommandResult>;
