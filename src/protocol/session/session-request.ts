import type { CommandBatch, RangeRequest } from '../../ports/command.ts';
import { readRange, writeRange } from '../parts/range-request.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { commandBatchBound, writeCommandBatch } from './write-command.ts';

/** A read of the session stream; the reply names its `id`, which is the client's. */
export interface Read {
  readonly id: number;
  readonly range: RangeRequest;
  readonly serializable: boolean;
  /** Of a predicted read: see `PredictedRead`. */
  readonly minConfidence?: number;
}

/** `encoded`: the batch's own bytes, in the memory of the request, for the log; `decodeCommandBatch` reads them. */
export type SessionRequest =
  | { readonly kind: 'batch'; readonly encoded: Buffer }
  | { readonly kind: 'reads'; readonly reads: readonly Read[] };

export function encodeBatchRequest(batch: CommandBatch): Buffer {
  const bound = commandBatchBound(batch);
  const writer = new WireWriter(bound + 6);
  const mark = writer.begin(1, bound);
  writeCommandBatch(writer, batch);
  writer.end(mark);
  return writer.finish();
}

export function encodeReadsRequest(reads: readonly Read[]): Buffer {
  const writer = new WireWriter(reads.length * 96 + 16);
  const mark = writer.begin(2, reads.length * 64);
  for (const read of reads) {
    const inner = writer.begin(1);
    writer.uint(1, read.id);
    writeRange(writer, 2, read.range);
    writer.bool(3, read.serializable);
    if (read.minConfidence !== undefined) writer.doubleAlways(4, read.minConfidence);
    writer.end(inner);
  }
  writer.end(mark);
  return writer.finish();
}

/** Fails with `invalid-argument` on anything that is not one. The batch inside is not looked at. */
export function decodeSessionRequest(bytes: Uint8Array): SessionRequest {
  const reader = new WireReader(bytes);
  let request: SessionRequest | null = null;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        request = { kind: 'batch', encoded: reader.view() };
        break;
      case 2:
        request = { kind: 'reads', reads: readReads(reader) };
        break;
      default:
        reader.skip();
    }
  }
  if (request === null) throw malformed('a session request that this version does not know');
  return request;
}

function readReads(reader: WireReader): readonly Read[] {
  const reads: Read[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) reads.push(readRead(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return reads;
}

function readRead(reader: WireReader): Read {
  let id = 0;
  let range: RangeRequest | null = null;
  let serializable = false;
  let minConfidence: number | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint();
        break;
      case 2:
        range = readRange(reader);
        break;
      case 3:
        serializable = reader.bool();
        break;
      case 4:
        minConfidence = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (range === null) throw malformed('a read without a range');
  return { id, range, serializable, ...(minConfidence === null ? {} : { minConfidence }) };
}
