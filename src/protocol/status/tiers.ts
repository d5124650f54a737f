import { type NodeId, nodeId, type Term, term } from '../../foundation/ids.ts';
import type { ReplicaStatus } from '../../ports/replica-status.ts';
import { type Tier, tierOf } from '../../ports/tier.ts';
import { readLabel, writeLabels } from '../parts/labels.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readReplicaStatus, writeReplicaStatus } from './replica-status.ts';
import { readScoreTerm, type ScoreTerm, writeScoreTerm } from './score-term.ts';

export interface TiersReply {
  readonly leader: NodeId;
  readonly term: Term;
  readonly members: readonly TierMember[];
  readonly paths: readonly TierPath[];
  readonly steps: readonly TierStepShown[];
  readonly notes: readonly string[];
  readonly running: TierStepShown | null;
  readonly automatic: boolean;
}

export interface TierMember {
  readonly status: ReplicaStatus;
  readonly voter: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly score: number;
  readonly scoreTerms: readonly ScoreTerm[];
  readonly lagRevisions: number | null;
  readonly lagMs: number | null;
  /** What the plan would make of it. */
  readonly wished: Tier;
  readonly distanceMs: number | null;
}

export interface TierPath {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly roundTripMs: number | null;
  readonly bytesPerSecond: number | null;
}

export interface TierStepShown {
  /** promote, demote, replace, retier. */
  readonly kind: string;
  readonly id: NodeId;
  readonly to: Tier;
  readonly lost: NodeId | null;
  readonly rule: string;
  readonly reason: string;
  readonly mustLastMs: number;
  readonly forMs: number;
  /** For how long it is kept back yet whatever has lasted, and by what; null: by nothing. */
  readonly hold: { readonly forMs: number; readonly why: string } | null;
}

export function encodeTiersReply(reply: TiersReply): Buffer {
  const writer = new WireWriter(1024);
  writer.text(1, reply.leader);
  writer.uint(2, reply.term);
  for (const member of reply.members) writeMember(writer, member);
  for (const { from, to, roundTripMs, bytesPerSecond } of reply.paths) {
    const mark = writer.begin(4);
    writer.text(1, from);
    writer.text(2, to);
    optional(writer, 3, roundTripMs);
    optional(writer, 4, bytesPerSecond);
    writer.end(mark);
  }
  for (const step of reply.steps) writeStep(writer, 5, step);
  for (const note of reply.notes) writer.textAlways(6, note);
  if (reply.running !== null) writeStep(writer, 7, reply.running);
  writer.bool(8, reply.automatic);
  return writer.finish();
}

function writeMember(writer: WireWriter, member: TierMember): void {
  const mark = writer.begin(3, 256);
  writeReplicaStatus(writer, 1, member.status);
  writer.bool(2, member.voter);
  writeLabels(writer, 3, member.labels);
  writer.double(4, member.score);
  for (const part of member.scoreTerms) writeScoreTerm(writer, 5, part);
  if (member.lagRevisions !== null) writer.uintAlways(6, member.lagRevisions);
  optional(writer, 7, member.lagMs);
  writer.text(8, member.wished);
  optional(writer, 9, member.distanceMs);
  writer.end(mark);
}

function writeStep(writer: WireWriter, field: number, step: TierStepShown): void {
  const mark = writer.begin(field, 200);
  writer.text(1, step.kind);
  writer.text(2, step.id);
  writer.text(3, step.to);
  writer.text(4, step.lost ?? '');
  writer.text(5, step.rule);
  writer.text(6, step.reason);
  writer.double(7, step.mustLastMs);
  writer.double(8, step.forMs);
  if (step.hold !== null) {
    writer.double(9, step.hold.forMs);
    writer.text(10, step.hold.why);
  }
  writer.end(mark);
}

function optional(writer: WireWriter, field: number, value: number | null): void {
  if (value !== null) writer.doubleAlways(field, value);
}

export function decodeTiersReply(bytes: Uint8Array): TiersReply {
  const reader = new WireReader(bytes);
  let leader = '';
  let at = 0;
  const members: TierMember[] = [];
  const paths: TierPath[] = [];
  const steps: TierStepShown[] = [];
  const notes: string[] = [];
  let running: TierStepShown | null = null;
  let automatic = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        leader = reader.text();
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        members.push(readMember(reader));
        break;
      case 4:
        paths.push(readPath(reader));
        break;
      case 5:
        steps.push(readStep(reader));
        break;
      case 6:
        notes.push(reader.text());
        break;
      case 7:
        running = readStep(reader);
        break;
      case 8:
        automatic = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { leader: nodeId(leader), term: term(at), members, paths, steps, notes, running, automatic };
}

function readMember(reader: WireReader): TierMember {
  let status: ReplicaStatus | null = null;
  let voter = false;
  const labels: Record<string, string> = {};
  let score = 0;
  const scoreTerms: ScoreTerm[] = [];
  let lagRevisions: number | null = null;
  let lagMs: number | null = null;
  let wished = '';
  let distanceMs: number | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        status = readReplicaStatus(reader);
        break;
      case 2:
        voter = reader.bool();
        break;
      case 3:
        readLabel(reader, labels);
        break;
      case 4:
        score = reader.double();
        break;
      case 5:
        scoreTerms.push(readScoreTerm(reader));
        break;
      case 6:
        lagRevisions = reader.uint();
        break;
      case 7:
        lagMs = reader.double();
        break;
      case 8:
        wished = reader.text();
        break;
      case 9:
        distanceMs = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (status === null) throw malformed('the tier of no member');
  return {
    status,
    voter,
    labels,
    score,
    scoreTerms,
    lagRevisions,
    lagMs,
    wished: tierOf(wished),
    distanceMs,
  };
}

function readPath(reader: WireReader): TierPath {
  let from = '';
  let to = '';
  let roundTripMs: number | null = null;
  let bytesPerSecond: number | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        from = reader.text();
        break;
      case 2:
        to = reader.text();
        break;
      case 3:
        roundTripMs = reader.double();
        break;
      case 4:
        bytesPerSecond = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { from: nodeId(from), to: nodeId(to), roundTripMs, bytesPerSecond };
}

function readStep(reader: WireReader): TierStepShown {
  const texts = ['', '', '', '', '', ''];
  let mustLastMs = 0;
  let forMs = 0;
  let holdMs = 0;
  let holdWhy = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field >= 1 && field <= texts.length) texts[field - 1] = reader.text();
    else if (field === 7) mustLastMs = reader.double();
    else if (field === 8) forMs = reader.double();
    else if (field === 9) holdMs = reader.double();
    else if (field === 10) holdWhy = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  const [kind = '', id = '', to = '', lost = '', rule = '', reason = ''] = texts;
  return {
    kind,
    id: nodeId(id),
    to: tierOf(to),
    lost: lost === '' ? null : nodeId(lost),
    rule,
    reason,
    mustLastMs,
    forMs,
    hold: holdWhy === '' ? null : { forMs: holdMs, why: holdWhy },
  };
}
