/**
 * The few messages of etcd's public API (rpc.proto, kv.proto of etcd-io/etcd, v3) that a measurement needs, written and read by
 * hand: field numbers are etcd's. Encoding: protobuf wire format (protobuf.dev/programming-guides/encoding).
 */
export function encodePut(key: Uint8Array, value: Uint8Array): Buffer {
  return Buffer.concat([bytesField(1, key), bytesField(2, value)]);
}

export interface RangeOfKeys {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
}

export function encodeRange({ key, rangeEnd, serializable, keysOnly }: RangeOfKeys): Buffer {
  const parts = [bytesField(1, key)];
  if (rangeEnd !== undefined) parts.push(bytesField(2, rangeEnd));
  if (serializable === true) parts.push(varintField(7, 1n));
  if (keysOnly === true) parts.push(varintField(8, 1n));
  return Buffer.concat(parts);
}

/** A transaction without compares that puts them all. */
export function encodePuts(puts: readonly (readonly [Uint8Array, Uint8Array])[]): Buffer {
  return Buffer.concat(puts.map(([key, value]) => bytesField(2, bytesField(2, encodePut(key, value)))));
}

/** `physical`: answered when it is done on the disk. */
export function encodeCompaction(revision: number, physical: boolean): Buffer {
  return Buffer.concat([varintField(1, BigInt(revision)), ...(physical ? [varintField(2, 1n)] : [])]);
}

/** How many keys a RangeResponse holds. */
export function decodeCount(message: Uint8Array): number {
  let count = 0;
  for (const { number } of fields(message)) if (number === 2) count++;
  return count;
}

/** Without an end: one key. */
export function encodeDeleteRange(key: Uint8Array, rangeEnd?: Uint8Array): Buffer {
  return Buffer.concat([bytesField(1, key), ...(rangeEnd === undefined ? [] : [bytesField(2, rangeEnd)])]);
}

export function encodeHashKv(revision: number): Buffer {
  return varintField(1, BigInt(revision));
}

/** Of all keys and their versions up to a revision, without those that compaction has taken: comparable where `compacted` is equal. */
export interface EtcdHash {
  readonly hash: number;
  readonly compacted: number;
}

export function decodeHashKv(message: Uint8Array): EtcdHash {
  let hash = 0;
  let compacted = 0;
  for (const field of fields(message)) {
    if (field.number === 2) hash = Number(field.value);
    if (field.number === 3) compacted = Number(BigInt.asIntN(64, field.value));
  }
  return { hash, compacted };
}

export function encodeMoveLeader(targetId: bigint): Buffer {
  return varintField(1, targetId);
}

/** Of PutResponse, RangeResponse and DeleteRangeResponse alike: the revision in their header. */
export function decodeRevision(message: Uint8Array): number {
  for (const field of fields(message))
    if (field.number === 1 && field.bytes !== null)
      for (const inner of fields(field.bytes)) if (inner.number === 3) return Number(inner.value);
  return 0;
}

export function decodeKeys(message: Uint8Array): readonly string[] {
  const keys: string[] = [];
  for (const field of fields(message)) {
    if (field.number !== 2 || field.bytes === null) continue;
    for (const inner of fields(field.bytes))
      if (inner.number === 1 && inner.bytes !== null) keys.push(Buffer.from(inner.bytes).toString('utf8'));
  }
  return keys;
}

export interface EtcdStatus {
  readonly memberId: bigint;
  /** 0: none. */
  readonly leaderId: bigint;
  readonly version: string;
  /** Committed. */
  readonly raftIndex: bigint;
  readonly raftTerm: bigint;
  readonly appliedIndex: bigint;
}

export function decodeStatus(message: Uint8Array): EtcdStatus {
  let memberId = 0n;
  let leaderId = 0n;
  let raftIndex = 0n;
  let raftTerm = 0n;
  let appliedIndex = 0n;
  let version = '';
  for (const field of fields(message)) {
    if (field.number === 1 && field.bytes !== null)
      for (const inner of fields(field.bytes)) if (inner.number === 2) memberId = inner.value;
    if (field.number === 2 && field.bytes !== null) version = Buffer.from(field.bytes).toString('utf8');
    if (field.number === 4) leaderId = field.value;
    if (field.number === 5) raftIndex = field.value;
    if (field.number === 6) raftTerm = field.value;
    if (field.number === 7) appliedIndex = field.value;
  }
  return { memberId, leaderId, version, raftIndex, raftTerm, appliedIndex };
}

/** A message as gRPC puts it into a request body: not compressed, length, message. */
export function grpcFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number << 3)), varint(value)]);
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes]);
}

interface Field {
  readonly number: number;
  readonly value: bigint;
  /** Null unless length-delimited. */
  readonly bytes: Uint8Array | null;
}

function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('protobuf message is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(next());
    const number = tag >> 3;
    if ((tag & 7) === 0) yield { number, value: next(), bytes: null };
    else if ((tag & 7) === 2) {
      const length = Number(next());
      if (at + length > message.length) throw new RangeError('protobuf message is cut off');
      yield { number, value: 0n, bytes: message.subarray(at, at + length) };
      at += length;
    } else throw new RangeError(`protobuf wire type ${tag & 7} is not expected here`);
  }
}
