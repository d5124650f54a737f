import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { leaseId, noLease, revision } from '../../foundation/ids.ts';
import { type KeyValue, type Space, spaces } from '../../ports/delta.ts';
import type { ClientKeyValue } from '../../ports/state-client.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const emptyBuffer = Buffer.alloc(0);

export function spaceCode(space: Space): number {
  return space === 'user' ? 0 : spaces.indexOf(space);
}

/** About the bytes that a key-value takes on the wire, rather more than fewer. */
export function keyValueBound(keyValue: KeyValue): number {
  return keyValue.key.length + keyValue.value.length + 48;
}

export function writeKeyValue(writer: WireWriter, field: number, keyValue: KeyValue): void {
  const mark = writer.begin(field, keyValue.key.length + keyValue.value.length + 16);
  writer.bytes(1, keyValue.key);
  writer.bytes(2, keyValue.value);
  writer.uint(3, keyValue.createRevision);
  writer.uint(4, keyValue.modRevision);
  writer.uint(5, keyValue.version);
  writer.uint64(6, keyValue.lease);
  writer.end(mark);
}

const takeBytes = (reader: WireReader): ByteString => reader.bytes();
/** Copied, so that a kept value does not keep its whole message. */
const takeCopy = (reader: WireReader): Uint8Array => reader.copy();

export function readKeyValue(reader: WireReader): KeyValue {
  return readWith(reader, takeBytes, emptyBytes);
}

/** The same with bytes as programs at the edge want them. */
export function readClientKeyValue(reader: WireReader): ClientKeyValue {
  return readWith<Uint8Array>(reader, takeCopy, emptyBuffer);
}

function readWith<Bytes>(reader: WireReader, take: (reader: WireReader) => Bytes, none: Bytes) {
  let key = none;
  let value = none;
  let createRevision = 0;
  let modRevision = 0;
  let version = 0;
  let lease = noLease;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        key = take(reader);
        break;
      case 2:
        value = take(reader);
        break;
      case 3:
        createRevision = reader.uint();
        break;
      case 4:
        modRevision = reader.uint();
        break;
      case 5:
        version = reader.uint();
        break;
      case 6:
        lease = leaseId(reader.uint64());
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return {
    key,
    value,
    createRevision: revision(createRevision),
    modRevision: revision(modRevision),
    version,
    lease,
  };
}
