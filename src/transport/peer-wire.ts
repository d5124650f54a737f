import { type NodeId, nodeId, term } from '../foundation/ids.ts';
import {
  beforeAll,
  type LogPoint,
  type PeerIdentity,
  presentedOf,
  type StoreIdentity,
} from '../ports/log-store.ts';
import type { OutgoingSnapshot, ProbeAnswer } from '../ports/transport.ts';
import { malformed, WireReader } from '../protocol/parts/wire-reader.ts';
import { WireWriter } from '../protocol/parts/wire-writer.ts';
import { readPoint, writePoint } from './raft-wire.ts';

/** Who speaks, as the first message of a connection says. */
export interface Hello {
  readonly clusterId: string;
  readonly id: NodeId;
  readonly identity: PeerIdentity;
  /** Where its peer port is reached; empty: not said. */
  readonly address: string;
  /** Of the sentinel of its process, on the host where the peer is reached; 0: it has none. */
  readonly sentinelPort: number;
}

/** `sentinelPort`: asked when it is said. */
export function helloOf(identity: StoreIdentity, address = '', sentinelPort = () => 0): Hello {
  const { clusterId, nodeId: id } = identity;
  return {
    clusterId,
    id,
    // As it is when it is said: a doubt of itself may be over.
    get identity() {
      return presentedOf(identity);
    },
    address,
    get sentinelPort() {
      return sentinelPort();
    },
  };
}

export function writeHello(writer: WireWriter, field: number, hello: Hello): void {
  const mark = writer.begin(field);
  writer.text(1, hello.clusterId);
  writer.text(2, hello.id);
  writer.text(3, hello.identity.storeId);
  writer.uint(4, hello.identity.bootCounter);
  writer.text(6, hello.identity.incarnation);
  writePoint(writer, 7, hello.identity.last);
  writer.text(8, hello.address);
  writer.bool(9, hello.identity.doubted);
  writer.uint(10, hello.sentinelPort);
  writer.end(mark);
}

export function readHello(reader: WireReader): Hello {
  let clusterId = '';
  let id = '';
  let storeId = '';
  let bootCounter = 0;
  let incarnation = '';
  let last: LogPoint = beforeAll;
  let address = '';
  let doubted = false;
  let sentinelPort = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        clusterId = reader.text();
        break;
      case 2:
        id = reader.text();
        break;
      case 3:
        storeId = reader.text();
        break;
      case 4:
        bootCounter = reader.uint();
        break;
      case 6:
        incarnation = reader.text();
        break;
      case 7:
        last = readPoint(reader);
        break;
      case 8:
        address = reader.text();
        break;
      case 9:
        doubted = reader.bool();
        break;
      case 10:
        sentinelPort = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  const identity = { storeId, bootCounter, incarnation, last, doubted };
  return { clusterId, id: nodeId(id), identity, address, sentinelPort };
}

/** What the called side of a message stream says: its own hello first, then echoes. */
export type PeerAnswer = { readonly hello: Hello } | { readonly pong: number };

export function encodeAnswer(answer: PeerAnswer): Buffer {
  const writer = new WireWriter(160);
  if ('hello' in answer) writeHello(writer, 1, answer.hello);
  else writer.uint(2, answer.pong);
  return writer.finish();
}

export function decodeAnswer(bytes: Uint8Array): PeerAnswer {
  const reader = new WireReader(bytes);
  let answer: PeerAnswer | null = null;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        answer = { hello: readHello(reader) };
        break;
      case 2:
        answer = { pong: reader.uint() };
        break;
      default:
        reader.skip();
    }
  }
  if (answer === null) throw malformed('an empty answer');
  return answer;
}

export function encodeProbeRequest(from: NodeId): Buffer {
  const writer = new WireWriter(80);
  writer.text(1, from);
  return writer.finish();
}

export function encodeProbeReply(clusterId: string, answer: ProbeAnswer): Buffer {
  const writer = new WireWriter(256);
  writeHello(writer, 1, {
    clusterId,
    id: answer.id,
    identity: answer.identity,
    address: '',
    sentinelPort: 0,
  });
  writer.uint(2, answer.term);
  writer.text(3, answer.leader ?? '');
  writer.double(4, answer.leaderHeardMs ?? -1);
  return writer.finish();
}

export function decodeProbeReply(bytes: Uint8Array): ProbeAnswer & { readonly clusterId: string } {
  const reader = new WireReader(bytes);
  let hello: Hello | null = null;
  let at = 0;
  let leader = '';
  let leaderHeardMs = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        hello = readHello(reader);
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        leader = reader.text();
        break;
      case 4:
        leaderHeardMs = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  if (hello === null) throw malformed('a probe answered by nobody');
  return {
    clusterId: hello.clusterId,
    id: hello.id,
    identity: hello.identity,
    term: term(at),
    leader: leader === '' ? null : nodeId(leader),
    leaderHeardMs: leaderHeardMs < 0 ? null : leaderHeardMs,
  };
}

export type SnapshotHeader = { readonly hello: Hello } & Omit<OutgoingSnapshot, 'chunks'>;

export function encodeSnapshotHeader(header: SnapshotHeader): Buffer {
  const writer = new WireWriter(256 + header.header.length);
  const mark = writer.begin(1, 128 + header.header.length);
  writeHello(writer, 1, header.hello);
  writer.uint(2, header.term);
  writePoint(writer, 3, header.point);
  writer.raw(4, header.header);
  writer.end(mark);
  return writer.finish();
}

export function encodeSnapshotData(data: Uint8Array): Buffer {
  const writer = new WireWriter(data.length + 8);
  writer.raw(2, data);
  return writer.finish();
}

export function encodeSnapshotEnd(): Buffer {
  const writer = new WireWriter(8);
  writer.bool(3, true);
  return writer.finish();
}

/** The first chunk of a snapshot has a header, the last one nothing but the mark that it is the last, the others data. */
export interface SnapshotChunk {
  readonly header: SnapshotHeader | null;
  readonly data: Buffer;
  readonly last: boolean;
}

export function decodeSnapshotChunk(bytes: Uint8Array): SnapshotChunk {
  const reader = new WireReader(bytes);
  let header: SnapshotHeader | null = null;
  let data: Buffer = Buffer.alloc(0);
  let last = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        header = readSnapshotHeader(reader);
        break;
      case 2:
        data = reader.view();
        break;
      case 3:
        last = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { header, data, last };
}

function readSnapshotHeader(reader: WireReader): SnapshotHeader {
  let hello: Hello | null = null;
  let at = 0;
  let point: LogPoint | null = null;
  let header: Uint8Array = Buffer.alloc(0);
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        hello = readHello(reader);
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        point = readPoint(reader);
        break;
      case 4:
        header = reader.copy();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (hello === null || point === null) throw malformed('a snapshot of nobody or nothing');
  return { hello, term: term(at), point, header };
}
