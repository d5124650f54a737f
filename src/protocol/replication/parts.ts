import { unreachable } from '../../foundation/assert.ts';
import { emptyBytes } from '../../foundation/bytes.ts';
import { clusterTimeMs, type LeaseId, leaseId, logIndex, noLease, revision } from '../../foundation/ids.ts';
import { type KeyValue, type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type {
  KeyRange,
  LeaseTerms,
  Lineage,
  Mark,
  RangeDigest,
  Revisions,
  StreamPart,
} from '../../ports/replication.ts';
import { readInfo, writeInfo } from '../operations/membership.ts';
import { readKeyValue, spaceCode, writeKeyValue } from '../parts/key-value.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import {
  readKeyRange,
  readLineage,
  readRevisions,
  writeKeyRange,
  writeLineage,
  writeRevisions,
} from './held.ts';

/** About the bytes that a part takes on the wire. */
export function partBound(part: StreamPart): number {
  let bound = 128;
  switch (part.kind) {
    case 'values':
      for (const { key, value } of part.values) bound += key.length + value.length + 48;
      return bound;
    case 'deltas':
    case 'past':
      for (const { key, value } of part.deltas) bound += key.length + value.length + 64;
      return bound;
    case 'leases':
      return bound + 20 * (part.granted.length + part.ended.length);
    case 'mark':
      return bound + 64 * part.digests.length;
    default:
      return bound;
  }
}

/** The `StreamParts` of these. */
export function encodeParts(parts: readonly StreamPart[]): Buffer {
  let bound = 0;
  for (const part of parts) bound += partBound(part);
  const writer = new WireWriter(bound);
  for (const part of parts) {
    const outer = writer.begin(1, partBound(part));
    writePart(writer, part);
    writer.end(outer);
  }
  return writer.finish();
}

/** A `StreamParts` around another one that is deflated. */
export function encodeDeflated(deflated: Uint8Array): Buffer {
  const writer = new WireWriter(deflated.length + 8);
  writer.raw(2, deflated);
  return writer.finish();
}

/** `deflated`: a `StreamParts` of its own, that comes in place of parts; null where there is none. */
export function decodeParts(bytes: Uint8Array): {
  readonly parts: readonly StreamPart[];
  readonly deflated: Buffer | null;
} {
  const reader = new WireReader(bytes);
  const parts: StreamPart[] = [];
  let deflated: Buffer | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) {
      const outer = reader.enter();
      parts.push(readPart(reader));
      reader.leave(outer);
    } else if (field === 2) deflated = reader.view();
    else reader.skip();
  }
  return { parts, deflated };
}

function writePart(writer: WireWriter, part: StreamPart): void {
  switch (part.kind) {
    case 'ranges': {
      const mark = writer.begin(1, 128);
      writeLineage(writer, 1, part.lineage);
      for (const range of part.ranges) writeKeyRange(writer, 2, range);
      writer.end(mark);
      return;
    }
    case 'replace':
      writeKeyRange(writer, 2, part.range);
      return;
    case 'values': {
      const mark = writer.begin(3, partBound(part));
      writer.uint(1, spaceCode(part.space));
      for (const value of part.values) writeKeyValue(writer, 2, value);
      writer.end(mark);
      return;
    }
    case 'deltas':
    case 'past': {
      const mark = writer.begin(part.kind === 'deltas' ? 4 : 8, partBound(part));
      for (const delta of part.deltas) writeDelta(writer, 1, delta);
      writer.end(mark);
      return;
    }
    case 'leases': {
      const mark = writer.begin(5, partBound(part));
      writer.bool(1, part.all);
      for (const { id, ttlMs } of part.granted) {
        const inner = writer.begin(2, 20);
        writer.uint64(1, id);
        writer.uint(2, ttlMs);
        writer.end(inner);
      }
      writer.uint64s(3, part.ended);
      writer.end(mark);
      return;
    }
    case 'members': {
      const mark = writer.begin(6, 256);
      for (const facts of part.members) writeInfo(writer, 1, { voter: false, learner: false, ...facts });
      writer.end(mark);
      return;
    }
    case 'mark':
      writeMark(writer, 7, part);
      return;
    default:
      unreachable(part);
  }
}

function writeDelta(writer: WireWriter, field: number, delta: StateDelta): void {
  const mark = writer.begin(field, delta.key.length + delta.value.length + 48);
  writer.uint(1, delta.epoch);
  writer.uint(2, delta.revision);
  writer.uint(3, delta.sub);
  writer.uint(4, delta.timeMs);
  writer.uint(5, spaceCode(delta.space));
  writer.bool(6, delta.op === 'delete');
  writer.bytes(7, delta.key);
  writer.bytes(8, delta.value);
  writer.uint64(9, delta.lease);
  writer.uint(10, delta.createRevision);
  writer.uint(11, delta.version);
  writer.end(mark);
}

function writeMark(writer: WireWriter, field: number, part: Mark): void {
  const mark = writer.begin(field, 128 + 64 * part.digests.length);
  writer.uint(1, part.index);
  writer.uint(2, part.timeMs);
  writeRevisions(writer, 3, part.revisions);
  writeRevisions(writer, 4, part.compacted);
  writeRevisions(writer, 5, part.leaderRevisions);
  for (const { range, keys, digest } of part.digests) {
    const inner = writer.begin(6, 64);
    writeKeyRange(writer, 1, range);
    writer.uint(2, keys);
    writer.text(3, digest);
    writer.end(inner);
  }
  writer.end(mark);
}

function readPart(reader: WireReader): StreamPart {
  let part: StreamPart | null = null;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        part = readRanges(reader);
        break;
      case 2:
        part = { kind: 'replace', range: readKeyRange(reader) };
        break;
      case 3:
        part = readValues(reader);
        break;
      case 4:
        part = { kind: 'deltas', deltas: readDeltas(reader) };
        break;
      case 5:
        part = readLeases(reader);
        break;
      case 6:
        part = { kind: 'members', members: readMembers(reader) };
        break;
      case 7:
        part = { kind: 'mark', ...readMark(reader) };
        break;
      case 8:
        part = { kind: 'past', deltas: readDeltas(reader) };
        break;
      default:
        reader.skip();
    }
  }
  // Left out, what it says would be missing from what is held.
  if (part === null) throw malformed('a part that this version does not know');
  return part;
}

function readRanges(reader: WireReader): StreamPart {
  let lineage: Lineage = { clusterId: '', epoch: 0 };
  const ranges: KeyRange[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) lineage = readLineage(reader);
    else if (field === 2) ranges.push(readKeyRange(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return { kind: 'ranges', lineage, ranges };
}

function readValues(reader: WireReader): StreamPart {
  let space: Space = 'user';
  const values: KeyValue[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) space = reader.oneOf(spaces);
    else if (field === 2) values.push(readKeyValue(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return { kind: 'values', space, values };
}

function readDeltas(reader: WireReader): readonly StateDelta[] {
  const deltas: StateDelta[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) deltas.push(readDelta(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return deltas;
}

function readDelta(reader: WireReader): StateDelta {
  let epoch = 0;
  let at = 0;
  let sub = 0;
  let timeMs = 0;
  let space: Space = 'user';
  let deleted = false;
  let key = emptyBytes;
  let value = emptyBytes;
  let lease = noLease;
  let createRevision = 0;
  let version = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        epoch = reader.uint();
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        sub = reader.uint();
        break;
      case 4:
        timeMs = reader.uint();
        break;
      case 5:
        space = reader.oneOf(spaces);
        break;
      case 6:
        deleted = reader.bool();
        break;
      case 7:
        key = reader.bytes();
        break;
      case 8:
        value = reader.bytes();
        break;
      case 9:
        lease = leaseId(reader.uint64());
        break;
      case 10:
        createRevision = reader.uint();
        break;
      case 11:
        version = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    epoch,
    revision: revision(at),
    sub,
    timeMs: clusterTimeMs(timeMs),
    space,
    op: deleted ? 'delete' : 'put',
    key,
    value,
    lease,
    createRevision: revision(createRevision),
    version,
  };
}

function readLeases(reader: WireReader): StreamPart {
  let all = false;
  const granted: LeaseTerms[] = [];
  const ended: bigint[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) all = reader.bool();
    else if (field === 2) granted.push(readTerms(reader));
    else if (field === 3) reader.uint64s(ended);
    else reader.skip();
  }
  reader.leave(outer);
  return { kind: 'leases', all, granted, ended: ended as LeaseId[] };
}

function readTerms(reader: WireReader): LeaseTerms {
  let id = noLease;
  let ttlMs = 0;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = leaseId(reader.uint64());
    else if (field === 2) ttlMs = reader.uint();
    else reader.skip();
  }
  reader.leave(outer);
  return { id, ttlMs };
}

function readMembers(reader: WireReader): readonly MemberInfo[] {
  const members: MemberInfo[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) members.push(readInfo(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return members;
}

const nowhere: Revisions = {
  user: revision(0),
  planes: revision(0),
  system: revision(0),
  predicted: revision(0),
};

function readMark(reader: WireReader): Mark {
  let index = 0;
  let timeMs = 0;
  let revisions = nowhere;
  let compacted = nowhere;
  let leaderRevisions = nowhere;
  const digests: RangeDigest[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        index = reader.uint();
        break;
      case 2:
        timeMs = reader.uint();
        break;
      case 3:
        revisions = readRevisions(reader);
        break;
      case 4:
        compacted = readRevisions(reader);
        break;
      case 5:
        leaderRevisions = readRevisions(reader);
        break;
      case 6:
        digests.push(readDigest(reader));
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    index: logIndex(index),
    timeMs: clusterTimeMs(timeMs),
    revisions,
    compacted,
    leaderRevisions,
    digests,
  };
}

function readDigest(reader: WireReader): RangeDigest {
  let range: KeyRange = { space: 'user', key: emptyBytes, rangeEnd: emptyBytes };
  let keys = 0;
  let digest = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) range = readKeyRange(reader);
    else if (field === 2) keys = reader.uint();
    else if (field === 3) digest = reader.text();
    else reader.skip();
  }
  reader.leave(outer);
  return { range, keys, digest };
}
