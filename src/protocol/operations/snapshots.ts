import { type NodeId, nodeId } from '../../foundation/ids.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

/** One snapshot of a cold replica, as it is listed. By space: `user`, `planes`, `system`. */
export interface SnapshotInfo {
  readonly number: number;
  readonly base: boolean;
  readonly revisions: readonly number[];
  readonly keys: readonly number[];
  readonly timeMs: number;
  readonly takenAtMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly epoch: number;
  readonly checksum: string;
}

export interface SnapshotsReply {
  readonly id: NodeId;
  readonly snapshots: readonly SnapshotInfo[];
  readonly trouble: string | null;
  readonly diskBytes: number;
}

export function encodeSnapshotsRequest(take: boolean): Buffer {
  const writer = new WireWriter(8);
  writer.bool(1, take);
  return writer.finish();
}

export function decodeSnapshotsRequest(bytes: Uint8Array): { readonly take: boolean } {
  const reader = new WireReader(bytes);
  let take = false;
  while (reader.more()) {
    if (reader.next() === 1) take = reader.bool();
    else reader.skip();
  }
  return { take };
}

export function encodeSnapshotsReply({ id, snapshots, trouble, diskBytes }: SnapshotsReply): Buffer {
  const writer = new WireWriter(256 * (snapshots.length + 1));
  writer.text(1, id);
  for (const snapshot of snapshots) {
    const mark = writer.begin(2, 200);
    writer.uint(1, snapshot.number);
    writer.bool(2, snapshot.base);
    writer.uints(3, snapshot.revisions);
    writer.uints(4, snapshot.keys);
    writer.uint(5, snapshot.timeMs);
    writer.uint(6, snapshot.takenAtMs);
    writer.uint(7, snapshot.rows);
    writer.uint(8, snapshot.bytes);
    writer.uint(9, snapshot.epoch);
    writer.text(10, snapshot.checksum);
    writer.end(mark);
  }
  writer.text(3, trouble ?? '');
  writer.uint(4, diskBytes);
  return writer.finish();
}

export function decodeSnapshotsReply(bytes: Uint8Array): SnapshotsReply {
  const reader = new WireReader(bytes);
  const snapshots: SnapshotInfo[] = [];
  let id = '';
  let trouble = '';
  let diskBytes = 0;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = reader.text();
    else if (field === 2) snapshots.push(readSnapshot(reader));
    else if (field === 3) trouble = reader.utf8();
    else if (field === 4) diskBytes = reader.uint();
    else reader.skip();
  }
  return { id: nodeId(id), snapshots, trouble: trouble === '' ? null : trouble, diskBytes };
}

function readSnapshot(reader: WireReader): SnapshotInfo {
  const revisions: number[] = [];
  const keys: number[] = [];
  const numbers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  let base = false;
  let checksum = '';
  const outer = reader.enter();
  while (reader.more()) {
    const field = reader.next();
    if (field === 2) base = reader.bool();
    else if (field === 3) reader.uints(revisions);
    else if (field === 4) reader.uints(keys);
    else if (field === 10) checksum = reader.text();
    else if (field < 10) numbers[field] = reader.uint();
    else reader.skip();
  }
  reader.leave(outer);
  const [, number = 0, , , , timeMs = 0, takenAtMs = 0, rows = 0, bytes = 0, epoch = 0] = numbers;
  return { number, base, revisions, keys, timeMs, takenAtMs, rows, bytes, epoch, checksum };
}
