import { emptyBytes } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { Held, KeyRange, Lineage, Revisions } from '../../ports/replication.ts';
import { spaceCode } from '../parts/key-value.ts';
import { malformed, type WireReader } from '../parts/wire-reader.ts';
import type { WireWriter } from '../parts/wire-writer.ts';

export function writeLineage(writer: WireWriter, field: number, { clusterId, epoch }: Lineage): void {
  const mark = writer.begin(field, clusterId.length + 8);
  writer.text(1, clusterId);
  writer.uint(2, epoch);
  writer.end(mark);
}

export function readLineage(reader: WireReader): Lineage {
  let clusterId = '';
  let epoch = 0;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) clusterId = reader.text();
    else if (field === 2) epoch = reader.uint();
    else reader.skip();
  }
  reader.leave(outer);
  return { clusterId, epoch };
}

export function writeRevisions(writer: WireWriter, field: number, revisions: Revisions): void {
  const mark = writer.begin(field, 32);
  writer.uints(
    1,
    spaces.map((space) => revisions[space]),
  );
  writer.end(mark);
}

export function readRevisions(reader: WireReader): Revisions {
  const numbers: number[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    if (reader.next() === 1) reader.uints(numbers);
    else reader.skip();
  }
  reader.leave(outer);
  const [user = 0, planes = 0, system = 0, predicted = 0] = numbers;
  return {
    user: revision(user),
    planes: revision(planes),
    system: revision(system),
    predicted: revision(predicted),
  };
}

export function writeKeyRange(writer: WireWriter, field: number, { space, key, rangeEnd }: KeyRange): void {
  const mark = writer.begin(field, key.length + rangeEnd.length + 8);
  writer.uint(1, spaceCode(space));
  writer.bytes(2, key);
  writer.bytes(3, rangeEnd);
  writer.end(mark);
}

export function readKeyRange(reader: WireReader): KeyRange {
  let space: Space = 'user';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) space = reader.oneOf(spaces);
    else if (field === 2) key = reader.bytes();
    else if (field === 3) rangeEnd = reader.bytes();
    else reader.skip();
  }
  reader.leave(outer);
  return { space, key, rangeEnd };
}

export function writeHeld(writer: WireWriter, field: number, { lineage, revisions, ranges }: Held): void {
  const mark = writer.begin(field, 128);
  writeLineage(writer, 1, lineage);
  writeRevisions(writer, 2, revisions);
  for (const range of ranges) writeKeyRange(writer, 3, range);
  writer.end(mark);
}

export function readHeld(reader: WireReader): Held {
  let lineage: Lineage | null = null;
  let revisions: Revisions | null = null;
  const ranges: KeyRange[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) lineage = readLineage(reader);
    else if (field === 2) revisions = readRevisions(reader);
    else if (field === 3) ranges.push(readKeyRange(reader));
    else reader.skip();
  }
  reader.leave(outer);
  if (lineage === null || revisions === null) throw malformed('what is held is of no lineage');
  return { lineage, revisions, ranges };
}
