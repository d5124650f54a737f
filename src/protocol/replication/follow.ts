import type { TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { FollowRequest, Held, Lineage, ReplicaReport } from '../../ports/replication.ts';
import { readFailure, writeFailure } from '../parts/failure.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { replicaReportOf, replicaReportText } from '../status/replica-report.ts';
import { readHeld, readLineage, writeHeld, writeLineage } from './held.ts';

export type FollowMessage =
  | { readonly kind: 'request'; readonly request: FollowRequest }
  | { readonly kind: 'report'; readonly report: ReplicaReport };

/** What a hot node says of itself to those who look for a source. `refusal`: why it feeds nobody; null: it does. */
export interface Offer {
  readonly id: NodeId;
  readonly followers: number;
  readonly leads: boolean;
  readonly lineage: Lineage;
  readonly refusal: TanistError | null;
}

const modes: readonly FollowRequest['mode'][] = ['deltas', 'latest'];

export function encodeFollowMessage(message: FollowMessage): Buffer {
  const writer = new WireWriter(256);
  if (message.kind === 'request') {
    const { replica, start = '', mode, held } = message.request;
    const mark = writer.begin(1, 256);
    writer.text(1, replica);
    writer.uint(2, modes.indexOf(mode));
    if (held !== null) writeHeld(writer, 3, held);
    writer.text(4, start);
    writer.end(mark);
  } else {
    const mark = writer.begin(2, 256);
    writer.raw(1, Buffer.from(replicaReportText(message.report), 'utf8'));
    writer.end(mark);
  }
  return writer.finish();
}

/** Fails with `invalid-argument` on anything else. */
export function decodeFollowMessage(bytes: Uint8Array): FollowMessage {
  const reader = new WireReader(bytes);
  let message: FollowMessage | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) message = { kind: 'request', request: readRequest(reader) };
    else if (field === 2) message = { kind: 'report', report: readReport(reader) };
    else reader.skip();
  }
  if (message === null) throw malformed('neither a request nor a report');
  return message;
}

function readRequest(reader: WireReader): FollowRequest {
  let replica = '';
  let mode: FollowRequest['mode'] = 'deltas';
  let held: Held | null = null;
  let start = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) replica = reader.text();
    else if (field === 2) mode = reader.oneOf(modes);
    else if (field === 3) held = readHeld(reader);
    else if (field === 4) start = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  return { replica: nodeId(replica), ...(start === '' ? {} : { start }), mode, held };
}

function readReport(reader: WireReader): ReplicaReport {
  let json = '';
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) json = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(json);
  } catch {
    // Null is no report either.
  }
  const report = replicaReportOf(parsed);
  if (report === null) throw malformed('a report of no replica');
  return report;
}

export function encodeOffer({ id, followers, leads, lineage, refusal }: Offer): Buffer {
  const writer = new WireWriter(128);
  writer.text(1, id);
  writer.uint(2, followers);
  writer.bool(3, leads);
  writeLineage(writer, 4, lineage);
  if (refusal !== null) writeFailure(writer, 5, refusal);
  return writer.finish();
}

export function decodeOffer(bytes: Uint8Array): Offer {
  const reader = new WireReader(bytes);
  let id = '';
  let followers = 0;
  let leads = false;
  let lineage: Lineage = { clusterId: '', epoch: 0 };
  let refusal: TanistError | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = reader.text();
    else if (field === 2) followers = reader.uint();
    else if (field === 3) leads = reader.bool();
    else if (field === 4) lineage = readLineage(reader);
    else if (field === 5) refusal = readFailure(reader);
    else reader.skip();
  }
  return { id: nodeId(id), followers, leads, lineage, refusal };
}
