import { type NodeId, nodeId, type Term, term } from '../../foundation/ids.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Labels, readLabel, sameLabels, writeLabels } from '../parts/labels.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

export interface Member {
  readonly id: NodeId;
  /** host:port each; empty: unknown or none. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly httpAddress: string;
  /** hot, learner, warm, cold. */
  readonly tier: string;
  /** Where it is, such as `zone` and `region`. Absent: it does not say. */
  readonly labels?: Labels;
}

/** Who leads, and who follows it in line. */
export interface Routing {
  readonly term: Term;
  readonly leader: NodeId | null;
  readonly members: readonly Member[];
  /** First heir first. */
  readonly succession: readonly NodeId[];
  /** Of the member that says it. Null or absent: it does not say. */
  readonly lineage?: Lineage | null;
}

/** Where clients reach the leader; null: nobody leads, or it has not said. */
export function leaderAddressOf({ leader, members }: Pick<Routing, 'leader' | 'members'>): string | null {
  const address = members.find(({ id }) => id === leader)?.clientAddress ?? '';
  return address === '' ? null : address;
}

export function sameRouting(left: Routing, right: Routing): boolean {
  return (
    left.leader === right.leader &&
    left.term === right.term &&
    left.lineage?.clusterId === right.lineage?.clusterId &&
    left.lineage?.epoch === right.lineage?.epoch &&
    left.succession.length === right.succession.length &&
    left.succession.every((id, i) => id === right.succession[i]) &&
    sameMembers(left.members, right.members)
  );
}

function sameMembers(left: readonly Member[], right: readonly Member[]): boolean {
  if (left === right) return true;
  return (
    left.length === right.length &&
    left.every((member, i) => {
      const other = right[i];
      return (
        other !== undefined &&
        member.id === other.id &&
        member.clientAddress === other.clientAddress &&
        member.peerAddress === other.peerAddress &&
        member.httpAddress === other.httpAddress &&
        member.tier === other.tier &&
        sameLabels(member.labels, other.labels)
      );
    })
  );
}

/** The message of the Succession stream. */
export const encodeRouting = encodedOnce((routing) => {
  const writer = new WireWriter(256);
  writeRouting(writer, routing);
  return writer.finish();
});

/** All clients of a node are told the same at the same moment, that of a failover: it is encoded once. The bytes are shared; nobody writes to them. */
export function encodedOnce(encode: (routing: Routing) => Buffer): (routing: Routing) => Buffer {
  const encoded = new WeakMap<Routing, Buffer>();
  return (routing) => {
    const known = encoded.get(routing);
    if (known !== undefined) return known;
    const bytes = encode(routing);
    encoded.set(routing, bytes);
    return bytes;
  };
}

export function decodeRouting(bytes: Uint8Array): Routing {
  return readRouting(new WireReader(bytes));
}

export function writeRouting(writer: WireWriter, routing: Routing): void {
  writer.uint(1, routing.term);
  writer.text(2, routing.leader ?? '');
  for (const member of routing.members) writeMember(writer, 3, member);
  for (const id of routing.succession) writer.textAlways(4, id);
  writer.text(5, routing.lineage?.clusterId ?? '');
  writer.uint(6, routing.lineage?.epoch ?? 0);
}

/** The rest of the message in hand. */
export function readRouting(reader: WireReader): Routing {
  let at = 0;
  let leader = '';
  const members: Member[] = [];
  const succession: NodeId[] = [];
  let clusterId = '';
  let epoch = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        at = reader.uint();
        break;
      case 2:
        leader = reader.text();
        break;
      case 3:
        members.push(readMember(reader));
        break;
      case 4:
        succession.push(nodeId(reader.text()));
        break;
      case 5:
        clusterId = reader.text();
        break;
      case 6:
        epoch = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return {
    term: term(at),
    leader: leader === '' ? null : nodeId(leader),
    members,
    succession,
    ...(clusterId === '' ? {} : { lineage: { clusterId, epoch } }),
  };
}

export function writeMember(writer: WireWriter, field: number, member: Member): void {
  const mark = writer.begin(field);
  writer.text(1, member.id);
  writer.text(2, member.clientAddress);
  writer.text(3, member.peerAddress);
  writer.text(4, member.httpAddress);
  writer.text(5, member.tier);
  writeLabels(writer, 6, member.labels ?? {});
  writer.end(mark);
}

export function readMember(reader: WireReader): Member {
  let id = '';
  let clientAddress = '';
  let peerAddress = '';
  let httpAddress = '';
  let tier = '';
  const labels: Record<string, string> = {};
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.text();
        break;
      case 2:
        clientAddress = reader.text();
        break;
      case 3:
        peerAddress = reader.text();
        break;
      case 4:
        httpAddress = reader.text();
        break;
      case 5:
        tier = reader.text();
        break;
      case 6:
        readLabel(reader, labels);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  const member = { id: nodeId(id), clientAddress, peerAddress, httpAddress, tier };
  return Object.keys(labels).length === 0 ? member : { ...member, labels };
}
