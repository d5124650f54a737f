import type { ByteString } from '../../foundation/bytes.ts';
import { emptyBytes } from '../../foundation/bytes.ts';
import {
  type LeaseId,
  leaseId,
  type NodeId,
  nodeId,
  noLease,
  type Term,
  term,
} from '../../foundation/ids.ts';
import type { Policy } from '../../ports/command.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readPolicy } from '../session/read-command.ts';
import { writePolicy } from '../session/write-command.ts';

/** The request of Status, Succession and Policies. */
export const emptyMessage = Buffer.alloc(0);

/** `to` null: the first heir. */
export function encodeTransferRequest(to: NodeId | null): Buffer {
  const writer = new WireWriter(80);
  writer.text(1, to ?? '');
  return writer.finish();
}

export function decodeTransferRequest(bytes: Uint8Array): NodeId | null {
  const reader = new WireReader(bytes);
  let to = '';
  while (reader.more()) {
    if (reader.next() === 1) to = reader.text();
    else reader.skip();
  }
  return to === '' ? null : nodeId(to);
}

export interface TransferReply {
  readonly leader: NodeId;
  readonly term: Term;
}

export function encodeTransferReply(reply: TransferReply): Buffer {
  const writer = new WireWriter(96);
  writer.text(1, reply.leader);
  writer.uint(2, reply.term);
  return writer.finish();
}

export function decodeTransferReply(bytes: Uint8Array): TransferReply {
  const reader = new WireReader(bytes);
  let leader = '';
  let at = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        leader = reader.text();
        break;
      case 2:
        at = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { leader: nodeId(leader), term: term(at) };
}

/** `noLease`: all of them, without keys. */
export interface LeasesRequest {
  /** `noLease`: all of them, without keys. */
  readonly id: LeaseId;
  /** At most so many, in order of their ids; 0: all at once, in any order. */
  readonly limit: number;
  /** With a limit: those with greater ids. */
  readonly after: LeaseId;
}

export function encodeLeasesRequest({ id, limit, after }: LeasesRequest): Buffer {
  const writer = new WireWriter(32);
  writer.uint64(1, id);
  writer.uint(2, limit);
  writer.uint64(3, after);
  return writer.finish();
}

export function decodeLeasesRequest(bytes: Uint8Array): LeasesRequest {
  const reader = new WireReader(bytes);
  let id = noLease;
  let limit = 0;
  let after = noLease;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) id = leaseId(reader.uint64());
    else if (field === 2) limit = reader.uint();
    else if (field === 3) after = leaseId(reader.uint64());
    else reader.skip();
  }
  return { id, limit, after };
}

export interface LeaseStatus {
  readonly id: LeaseId;
  readonly ttlMs: number;
  readonly remainingMs: number;
  readonly keys: readonly ByteString[];
}

export interface LeasesReply {
  readonly leases: readonly LeaseStatus[];
  /** There are greater ids. */
  readonly more: boolean;
}

export function encodeLeasesReply({ leases, more }: LeasesReply): Buffer {
  const writer = new WireWriter(64);
  for (const lease of leases) {
    const mark = writer.begin(1);
    writer.uint64(1, lease.id);
    writer.uint(2, lease.ttlMs);
    writer.uint(3, lease.remainingMs);
    for (const key of lease.keys) writer.bytesAlways(4, key);
    writer.end(mark);
  }
  writer.bool(2, more);
  return writer.finish();
}

export function decodeLeasesReply(bytes: Uint8Array): LeasesReply {
  const reader = new WireReader(bytes);
  const leases: LeaseStatus[] = [];
  let more = false;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1) leases.push(readLeaseStatus(reader));
    else if (field === 2) more = reader.bool();
    else reader.skip();
  }
  return { leases, more };
}

function readLeaseStatus(reader: WireReader): LeaseStatus {
  let id = noLease;
  let ttlMs = 0;
  let remainingMs = 0;
  const keys: ByteString[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = leaseId(reader.uint64());
        break;
      case 2:
        ttlMs = reader.uint();
        break;
      case 3:
        remainingMs = reader.uint();
        break;
      case 4:
        keys.push(reader.bytes());
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { id, ttlMs, remainingMs, keys };
}

export function encodeKeepAliveRequest(ids: readonly LeaseId[]): Buffer {
  const writer = new WireWriter(ids.length * 10 + 8);
  writer.uint64s(1, ids);
  return writer.finish();
}

export function decodeKeepAliveRequest(bytes: Uint8Array): readonly LeaseId[] {
  const reader = new WireReader(bytes);
  const ids: bigint[] = [];
  while (reader.more()) {
    if (reader.next() === 1) reader.uint64s(ids);
    else reader.skip();
  }
  return ids as LeaseId[];
}

/** In the order of the request; 0: the lease is gone. */
export function encodeKeepAliveReply(ttlMs: readonly number[]): Buffer {
  const writer = new WireWriter(ttlMs.length * 4 + 8);
  writer.uints(1, ttlMs);
  return writer.finish();
}

export function decodeKeepAliveReply(bytes: Uint8Array): readonly number[] {
  const reader = new WireReader(bytes);
  const ttlMs: number[] = [];
  while (reader.more()) {
    if (reader.next() === 1) reader.uints(ttlMs);
    else reader.skip();
  }
  return ttlMs;
}

export interface PolicyOfPrefix {
  readonly prefix: ByteString;
  readonly policy: Policy;
}

export function encodePoliciesReply(policies: readonly PolicyOfPrefix[]): Buffer {
  const writer = new WireWriter(64);
  for (const { prefix, policy } of policies) {
    const mark = writer.begin(1);
    writer.bytes(1, prefix);
    writePolicy(writer, 2, policy);
    writer.end(mark);
  }
  return writer.finish();
}

export function decodePoliciesReply(bytes: Uint8Array): readonly PolicyOfPrefix[] {
  const reader = new WireReader(bytes);
  const policies: PolicyOfPrefix[] = [];
  while (reader.more()) {
    if (reader.next() === 1) policies.push(readPolicyOfPrefix(reader));
    else reader.skip();
  }
  return policies;
}

function readPolicyOfPrefix(reader: WireReader): PolicyOfPrefix {
  let prefix = emptyBytes;
  let policy: Policy = { acknowledge: 'quorum', tier: 'full', predict: null };
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        prefix = reader.bytes();
        break;
      case 2:
        policy = readPolicy(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { prefix, policy };
}
