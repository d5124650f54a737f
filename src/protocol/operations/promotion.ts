import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { ForcedReport, Fork } from '../../ports/lineage.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { Held, Lineage } from '../../ports/replication.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readHeld, writeHeld } from '../replication/held.ts';
import { readInfo, writeInfo } from './membership.ts';

/** What a member says of itself and its lineage. */
export interface MemberLineage {
  readonly id: NodeId;
  readonly lineage: Lineage;
  readonly tier: string;
  readonly leader: NodeId | null;
  readonly voters: readonly NodeId[];
  readonly applied: number;
  readonly revision: number;
  readonly members: readonly MemberInfo[];
  readonly forks: readonly Fork[];
  /** Beyond the quorum: whether any hot member answered it of late; absent: it does not know. */
  readonly quorum?: 'seen' | 'gone';
}

const quorums = ['seen', 'gone'] as const;

export function encodeLineage(said: MemberLineage): Buffer {
  const writer = new WireWriter(1024);
  writer.text(1, said.id);
  writer.text(2, said.lineage.clusterId);
  writer.uint(3, said.lineage.epoch);
  writer.text(4, said.tier);
  writer.text(5, said.leader ?? '');
  for (const id of said.voters) writer.textAlways(6, id);
  writer.uint(7, said.applied);
  writer.uint(8, said.revision);
  for (const member of said.members) writeInfo(writer, 9, member);
  for (const fork of said.forks) writer.textAlways(10, JSON.stringify(fork));
  if (said.quorum !== undefined) writer.uint(11, 1 + quorums.indexOf(said.quorum));
  return writer.finish();
}

/** Fails with `invalid-argument` on anything else. */
export function decodeLineage(bytes: Uint8Array): MemberLineage {
  const reader = new WireReader(bytes);
  let [id, clusterId, tier, leader] = ['', '', '', ''];
  let [epoch, applied, revision, seen] = [0, 0, 0, 0];
  const voters: NodeId[] = [];
  const members: MemberInfo[] = [];
  const forks: Fork[] = [];
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.text();
        break;
      case 2:
        clusterId = reader.text();
        break;
      case 3:
        epoch = reader.uint();
        break;
      case 4:
        tier = reader.text();
        break;
      case 5:
        leader = reader.text();
        break;
      case 6:
        voters.push(nodeId(reader.text()));
        break;
      case 7:
        applied = reader.uint();
        break;
      case 8:
        revision = reader.uint();
        break;
      case 9:
        members.push(readInfo(reader));
        break;
      case 10:
        forks.push(json(reader.text()) as Fork);
        break;
      case 11:
        seen = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  const quorum = quorums[seen - 1];
  return {
    ...(quorum === undefined ? {} : { quorum }),
    id: nodeId(id),
    lineage: { clusterId, epoch },
    tier,
    leader: leader === '' ? null : nodeId(leader),
    voters,
    applied,
    revision,
    members,
    forks,
  };
}

export interface ImageChunk {
  readonly from: NodeId;
  readonly lineage: Lineage;
  readonly sizeBytes: number;
  /** Empty in the first one. */
  readonly data: Uint8Array;
}

export function encodeImageChunk({ from, lineage, sizeBytes, data }: ImageChunk): Buffer {
  const writer = new WireWriter(256 + data.length);
  if (data.length === 0) {
    writer.text(1, from);
    writer.text(2, lineage.clusterId);
    writer.uint(3, lineage.epoch);
    writer.uint(4, sizeBytes);
  }
  writer.raw(5, data);
  return writer.finish();
}

export function decodeImageChunk(bytes: Uint8Array): ImageChunk {
  const reader = new WireReader(bytes);
  let [from, clusterId] = ['', ''];
  let [epoch, sizeBytes] = [0, 0];
  let data: Uint8Array = new Uint8Array(0);
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        from = reader.text();
        break;
      case 2:
        clusterId = reader.text();
        break;
      case 3:
        epoch = reader.uint();
        break;
      case 4:
        sizeBytes = reader.uint();
        break;
      case 5:
        data = reader.view();
        break;
      default:
        reader.skip();
    }
  }
  return { from: nodeId(from), lineage: { clusterId, epoch }, sizeBytes, data };
}

/** `held` is not to be sent; null: all is. */
export function encodeImageRequest(id: NodeId, held: Held | null): Buffer {
  const writer = new WireWriter(256);
  writer.text(1, id);
  if (held !== null) writeHeld(writer, 2, held);
  return writer.finish();
}

export function decodeImageRequest(bytes: Uint8Array): { readonly id: NodeId; readonly held: Held | null } {
  const reader = new WireReader(bytes);
  let id = '';
  let held: Held | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = reader.text();
    else if (field === 2) held = readHeld(reader);
    else reader.skip();
  }
  return { id: nodeId(id), held };
}

export function encodeForcePromote(confirmed: boolean): Buffer {
  const writer = new WireWriter(8);
  writer.bool(1, confirmed);
  return writer.finish();
}

export function decodeForcePromote(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes);
  let confirmed = false;
  while (reader.more())
    if (reader.next() === 1) confirmed = reader.bool();
    else reader.skip();
  return confirmed;
}

export function encodeForcedReport(report: ForcedReport): Buffer {
  const text = JSON.stringify(report);
  const writer = new WireWriter(64 + text.length);
  writer.text(1, text);
  return writer.finish();
}

export function decodeForcedReport(bytes: Uint8Array): ForcedReport {
  const reader = new WireReader(bytes);
  let text = '';
  while (reader.more())
    if (reader.next() === 1) text = reader.text();
    else reader.skip();
  return json(text) as ForcedReport;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed('JSON that cannot be read');
  }
}
