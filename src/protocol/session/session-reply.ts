import { TanistError } from '../../foundation/errors.ts';
import { type SessionId, sessionId } from '../../foundation/ids.ts';
import type { AbsentPrediction, AgedPrediction } from '../../ports/prediction.ts';
import type { CommandResult, PredictedRangeResult, RangeResult } from '../../ports/result.ts';
import { readFailure, writeFailure } from '../parts/failure.ts';
import {
  readAbsentPrediction,
  readAgedPrediction,
  writeAbsentPrediction,
  writeAgedPrediction,
} from '../parts/prediction.ts';
import { readCommandResult, readRangeResult } from '../parts/read-result.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { rangeResultBound, resultBound, writeRangeResult, writeResult } from '../parts/write-result.ts';
import { encodedOnce, type Routing, readRouting, writeRouting } from '../status/routing.ts';

export interface ReadReply {
  readonly id: number;
  readonly outcome: RangeResult | PredictedRangeResult | TanistError;
  /** Of a serializable read: ms since the replica last heard a leader. */
  readonly ageMs: number;
}

/**
 * Results of commands `firstNumber`… in order; without a session, of the stream's oldest unanswered batch. `refused`: nothing of
 * the batch was or will be applied, unless the error is indeterminate. `refusedCount`: commands from `firstNumber` on that are refused;
 * 0: the whole batch.
 */
export interface BatchReply {
  readonly kind: 'batch';
  readonly session: SessionId;
  readonly firstNumber: number;
  readonly results: readonly CommandResult[];
  readonly refused: TanistError | null;
  readonly refusedCount: number;
}

/** Puts `firstNumber` to `lastNumber` are in the leader's memory only (promise 4). */
export interface EarlyReply {
  readonly kind: 'early';
  readonly session: SessionId;
  readonly firstNumber: number;
  readonly lastNumber: number;
}

export type SessionReply =
  | BatchReply
  | EarlyReply
  | { readonly kind: 'reads'; readonly replies: readonly ReadReply[] }
  | { readonly kind: 'routing'; readonly routing: Routing };

/** A SessionReply with results, `results` as they are in the state: a deferred range in one is an AssertionError. */
export function encodeBatchReply(
  session: SessionId,
  firstNumber: number,
  results: readonly CommandResult[],
): Buffer {
  let bound = 24;
  for (const result of results) bound += resultBound(result);
  const writer = new WireWriter(bound + 6);
  const mark = writer.begin(1, bound - (bound >> 2));
  writer.uint(1, session);
  writer.uint(2, firstNumber);
  for (const result of results) writeResult(writer, 3, result);
  writer.end(mark);
  return writer.finish();
}

/** A SessionReply that refuses a batch, or `count` of its commands; 0: all. */
export function encodeBatchRefusal(
  session: SessionId,
  firstNumber: number,
  refused: TanistError,
  count = 0,
): Buffer {
  const writer = new WireWriter(refused.message.length + 80);
  const mark = writer.begin(1);
  writer.uint(1, session);
  writer.uint(2, firstNumber);
  writeFailure(writer, 4, refused);
  writer.uint(5, count);
  writer.end(mark);
  return writer.finish();
}

export function encodeReadReplies(replies: readonly ReadReply[]): Buffer {
  let bound = 8;
  for (const { outcome } of replies) {
    bound += 32 + (outcome instanceof TanistError ? outcome.message.length + 48 : rangeResultBound(outcome));
  }
  const writer = new WireWriter(bound);
  const mark = writer.begin(2, bound);
  for (const { id, outcome, ageMs } of replies) {
    const inner = writer.begin(1, 128);
    writer.uint(1, id);
    if (outcome instanceof TanistError) writeFailure(writer, 3, outcome);
    else writeRangeResult(writer, 2, outcome);
    writer.double(4, ageMs);
    if ('predictions' in outcome) {
      for (const aged of outcome.predictions) writeAgedPrediction(writer, 5, aged);
      for (const absent of outcome.absent) writeAbsentPrediction(writer, 6, absent);
    }
    writer.end(inner);
  }
  writer.end(mark);
  return writer.finish();
}

export const encodeRoutingReply = encodedOnce((routing) => {
  const writer = new WireWriter(256);
  const mark = writer.begin(3, 128);
  writeRouting(writer, routing);
  writer.end(mark);
  return writer.finish();
});

export function encodeEarlyReply(session: SessionId, firstNumber: number, lastNumber: number): Buffer {
  const writer = new WireWriter(40);
  const mark = writer.begin(4);
  writer.uint(1, session);
  writer.uint(2, firstNumber);
  writer.uint(3, lastNumber);
  writer.end(mark);
  return writer.finish();
}

/** Fails with `invalid-argument` on anything that is not one. */
export function decodeSessionReply(bytes: Uint8Array): SessionReply {
  const reader = new WireReader(bytes);
  let reply: SessionReply | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field > 4) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    if (field === 1) reply = readBatchReply(reader);
    else if (field === 2) reply = { kind: 'reads', replies: readReadReplies(reader) };
    else if (field === 3) reply = { kind: 'routing', routing: readRouting(reader) };
    else reply = readEarlyReply(reader);
    reader.leave(outer);
  }
  if (reply === null) throw malformed('a session reply that this version does not know');
  return reply;
}

function readBatchReply(reader: WireReader): BatchReply {
  let session = 0;
  let firstNumber = 0;
  const results: CommandResult[] = [];
  let refused: TanistError | null = null;
  let refusedCount = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        session = reader.uint();
        break;
      case 2:
        firstNumber = reader.uint();
        break;
      case 3:
        results.push(readCommandResult(reader));
        break;
      case 4:
        refused = readFailure(reader);
        break;
      case 5:
        refusedCount = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { kind: 'batch', session: sessionId(session), firstNumber, results, refused, refusedCount };
}

function readReadReplies(reader: WireReader): readonly ReadReply[] {
  const replies: ReadReply[] = [];
  while (reader.more()) {
    if (reader.next() === 1) replies.push(readReadReply(reader));
    else reader.skip();
  }
  return replies;
}

function readReadReply(reader: WireReader): ReadReply {
  let id = 0;
  let outcome: RangeResult | TanistError | null = null;
  let ageMs = 0;
  const predictions: AgedPrediction[] = [];
  const absent: AbsentPrediction[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint();
        break;
      case 2:
        outcome = readRangeResult(reader);
        break;
      case 3:
        outcome = readFailure(reader);
        break;
      case 4:
        ageMs = reader.double();
        break;
      case 5:
        predictions.push(readAgedPrediction(reader));
        break;
      case 6:
        absent.push(readAbsentPrediction(reader));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (outcome === null) throw malformed('a read reply without an outcome');
  const isPlain = predictions.length === 0 && absent.length === 0;
  if (isPlain || outcome instanceof TanistError) return { id, outcome, ageMs };
  return { id, outcome: { ...outcome, predictions, absent }, ageMs };
}

function readEarlyReply(reader: WireReader): EarlyReply {
  let session = 0;
  let firstNumber = 0;
  let lastNumber = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        session = reader.uint();
        break;
      case 2:
        firstNumber = reader.uint();
        break;
      case 3:
        lastNumber = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { kind: 'early', session: sessionId(session), firstNumber, lastNumber };
}
