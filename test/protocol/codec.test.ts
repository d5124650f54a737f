import test from 'ava';
import fc from 'fast-check';
import { TanistError } from '../../src/foundation/errors.ts';
import { noLease, revision, sessionId } from '../../src/foundation/ids.ts';
import { limits } from '../../src/foundation/limits.ts';
import type { CommandBatch, TxnCommand } from '../../src/ports/command.ts';
import type { TxnResult } from '../../src/ports/result.ts';
import { decodeBlock, encodeBlock } from '../../src/protocol/session/block.ts';
import { decodeCommandBatch } from '../../src/protocol/session/read-command.ts';
import {
  decodeSessionReply,
  encodeBatchRefusal,
  encodeBatchReply,
  encodeEarlyReply,
  encodeReadReplies,
  encodeRoutingReply,
} from '../../src/protocol/session/session-reply.ts';
import {
  decodeSessionRequest,
  encodeBatchRequest,
  encodeReadsRequest,
} from '../../src/protocol/session/session-request.ts';
import { commandBatchBound, encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { put, range, txn, valueIs } from '../state/commands.ts';
import * as arbitrary from './arbitraries.ts';
import { generatedBytes, generatedView } from './generated.ts';
import {
  plainAbsent,
  plainAged,
  plainCommand,
  plainRange,
  plainRangeResult,
  plainResult,
} from './generated-form.ts';

const plainBatch = (batch: CommandBatch): object => ({
  session: String(batch.session),
  firstNumber: String(batch.firstNumber),
  acknowledgedThrough: String(batch.acknowledgedThrough),
  commands: batch.commands.map(plainCommand),
});

test('command batches: what we write the generated code reads, and the other way round', (t) => {
  fc.assert(
    fc.property(arbitrary.batch, (batch) => {
      const theirs = generatedBytes('CommandBatch', plainBatch(batch));
      const ours = encodeCommandBatch(batch);
      t.deepEqual(generatedView('CommandBatch', ours), generatedView('CommandBatch', theirs));
      t.deepEqual(decodeCommandBatch(theirs), batch);
      t.deepEqual(decodeCommandBatch(ours), batch);
      t.true(ours.length <= commandBatchBound(batch));
    }),
  );
});

test('a block keeps the very bytes of its batches', (t) => {
  fc.assert(
    fc.property(arbitrary.safe, fc.array(arbitrary.batch, { maxLength: 4 }), (timeMs, batches) => {
      const encoded = batches.map(encodeCommandBatch);
      const block = encodeBlock(timeMs, encoded);
      t.deepEqual(decodeBlock(block) as object, { timeMs, batches });
      t.true(block.includes(Buffer.concat(encoded.slice(0, 1))));
      const theirs = generatedBytes('Block', { timeMs: String(timeMs), batches: batches.map(plainBatch) });
      t.deepEqual(generatedView('Block', block), generatedView('Block', theirs));
      t.deepEqual(decodeBlock(theirs) as object, { timeMs, batches });
    }),
  );
});

test('the most deeply nested transaction is read in every message that holds it, and its result too', (t) => {
  const key = put('k', '').key;
  let command: TxnCommand = txn([valueIs('k', '')], [range('k')]);
  const at = { createRevision: revision(2), modRevision: revision(2), version: 1, lease: noLease };
  const values = [{ key, value: key, ...at }];
  const responses = [{ kind: 'range', revision: revision(2), values, count: 1, more: false } as const];
  let result: TxnResult = { kind: 'txn', revision: revision(2), succeeded: true, responses };
  for (let depth = 1; depth < limits.transactionDepth; depth++) {
    command = txn([], [command]);
    result = { ...result, responses: [result] };
  }
  const batch = { session: sessionId(7), firstNumber: 1, acknowledgedThrough: 0, commands: [command] };
  t.deepEqual(decodeBlock(encodeBlock(1, [encodeCommandBatch(batch)])).batches, [batch]);
  t.like(decodeSessionReply(encodeBatchReply(batch.session, 1, [result])), { results: [result] });
});

test('a session request gives out the bytes of its batch in place', (t) => {
  fc.assert(
    fc.property(arbitrary.batch, (batch) => {
      const bytes = encodeBatchRequest(batch);
      const request = decodeSessionRequest(bytes);
      if (request.kind !== 'batch') return t.fail();
      t.is(request.encoded.buffer, bytes.buffer);
      t.deepEqual(request.encoded, encodeCommandBatch(batch));
      t.deepEqual(
        generatedView('SessionRequest', bytes),
        generatedView('SessionRequest', generatedBytes('SessionRequest', { batch: plainBatch(batch) })),
      );
    }),
    { numRuns: 30 },
  );
});

test('reads', (t) => {
  const read = fc.record(
    {
      id: arbitrary.safe,
      range: arbitrary.range,
      serializable: fc.boolean(),
      minConfidence: fc.double({ noNaN: true }).map((value) => value + 0),
    },
    { requiredKeys: ['id', 'range', 'serializable'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(read, { maxLength: 4 }), (reads) => {
      const plain = {
        reads: {
          reads: reads.map(({ id, range, ...how }) => ({ id: String(id), range: plainRange(range), ...how })),
        },
      };
      const theirs = generatedBytes('SessionRequest', plain);
      const ours = encodeReadsRequest(reads);
      t.deepEqual(decodeSessionRequest(theirs), { kind: 'reads', reads });
      t.deepEqual(generatedView('SessionRequest', ours), generatedView('SessionRequest', theirs));
    }),
  );
});

test('batch replies', (t) => {
  fc.assert(
    fc.property(
      arbitrary.safe,
      arbitrary.safe,
      fc.array(arbitrary.result, { maxLength: 6 }),
      (session, firstNumber, results) => {
        const plain = {
          batch: {
            session: String(session),
            firstNumber: String(firstNumber),
            results: results.map(plainResult),
          },
        };
        const theirs = generatedBytes('SessionReply', plain);
        const ours = encodeBatchReply(sessionId(session), firstNumber, results);
        t.deepEqual(generatedView('SessionReply', ours), generatedView('SessionReply', theirs));
        const reply = { kind: 'batch', session, firstNumber, results, refused: null, refusedCount: 0 };
        t.deepEqual(decodeSessionReply(theirs) as object, reply);
        t.deepEqual(decodeSessionReply(ours) as object, reply);
      },
    ),
  );
});

test('read replies', (t) => {
  const reply = fc.record({
    id: arbitrary.safe,
    outcome: fc.oneof(arbitrary.rangeResult, arbitrary.predictedResult),
    ageMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  });
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 4 }), (replies) => {
      const theirs = generatedBytes('SessionReply', {
        reads: {
          replies: replies.map(({ id, outcome, ageMs }) => ({
            id: String(id),
            range: plainRangeResult(outcome),
            ageMs,
            ...('predictions' in outcome
              ? { predictions: outcome.predictions.map(plainAged), absent: outcome.absent.map(plainAbsent) }
              : {}),
          })),
        },
      });
      const ours = encodeReadReplies(replies);
      t.deepEqual(decodeSessionReply(theirs), { kind: 'reads', replies });
      t.deepEqual(generatedView('SessionReply', ours), generatedView('SessionReply', theirs));
    }),
  );
});

test('errors keep code, text and whether the outcome is known', (t) => {
  const overloaded = new TanistError('overloaded', 'too much is waiting: try again later');
  const refusal = decodeSessionReply(encodeBatchRefusal(sessionId(9), 4, overloaded));
  if (refusal.kind !== 'batch') return t.fail();
  t.deepEqual([refusal.session, refusal.firstNumber, refusal.results], [sessionId(9), 4, []]);
  t.like(refusal.refused, { code: 'overloaded', message: overloaded.message, retryable: true });

  const lost = new TanistError('not-leader', 'it may have been applied', { indeterminate: true });
  const reads = decodeSessionReply(encodeReadReplies([{ id: 1, outcome: lost, ageMs: 0 }]));
  if (reads.kind !== 'reads') return t.fail();
  t.like(reads.replies[0]?.outcome, { code: 'not-leader', indeterminate: true, retryable: false });
});

test('a code of a newer version becomes a known one with the same meaning', (t) => {
  for (const [retryable, indeterminate, expected] of [
    [false, false, 'invalid-argument'],
    [true, false, 'unavailable'],
    [false, true, 'indeterminate'],
  ] as const) {
    const refused = { code: 'from-the-future', message: 'so it is', retryable, indeterminate };
    const reply = decodeSessionReply(generatedBytes('SessionReply', { batch: { refused } }));
    if (reply.kind !== 'batch') return t.fail();
    t.like(reply.refused, { code: expected, message: 'so it is (from-the-future)' });
  }
});

test('early replies and routing', (t) => {
  t.deepEqual(decodeSessionReply(encodeEarlyReply(sessionId(2 ** 40), 7, 12)) as object, {
    kind: 'early',
    session: 2 ** 40,
    firstNumber: 7,
    lastNumber: 12,
  });
  const plain = {
    term: '3',
    leader: 'a',
    members: [
      { id: 'a', clientAddress: 'h:1', peerAddress: 'h:2', httpAddress: 'h:3', tier: 'hot' },
      { id: 'b', clientAddress: 'h:4', peerAddress: 'h:5', httpAddress: '', tier: 'learner' },
    ],
    succession: ['b', 'a'],
  };
  const ofNoLineage = decodeSessionReply(generatedBytes('SessionReply', { routing: plain }));
  t.deepEqual(ofNoLineage as object, { kind: 'routing', routing: { ...plain, term: 3 } });
  const ofOne = generatedBytes('SessionReply', { routing: { ...plain, clusterId: 'c+1', epoch: '4' } });
  const lineage = { clusterId: 'c+1', epoch: 4 };
  const decoded = decodeSessionReply(ofOne);
  t.deepEqual(decoded as object, { kind: 'routing', routing: { ...plain, term: 3, lineage } });
  if (decoded.kind !== 'routing') return t.fail();
  t.deepEqual(
    generatedView('SessionReply', encodeRoutingReply(decoded.routing)),
    generatedView('SessionReply', ofOne),
  );
});

test('a deferred range never goes on the wire', (t) => {
  const request = fc.sample(arbitrary.range, 1)[0]!;
  const deferred = { kind: 'deferredRange', revision: revision(3), request } as const;
  const txn = { kind: 'txn', revision: revision(3), succeeded: true, responses: [deferred] } as const;
  t.throws(() => encodeBatchReply(sessionId(1), 1, [txn]), { name: 'AssertionError' });
});
