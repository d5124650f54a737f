import { asBuffer, type ByteString } from '../../foundation/bytes.ts';
import { leaseId, noLease, type Revision, revision } from '../../foundation/ids.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { isSealed, sealInPlace } from '../../storage/record-codec.ts';

/** What a snapshot says of a key that it changed. */
export type Row =
  | { readonly kind: 'value'; readonly value: KeyValue }
  | { readonly kind: 'gone'; readonly revision: Revision };

/*
 * 0 crc32 (over the row's key, too), 4 kind. 'gone': 5 revision (6 bytes). 'value': 5 modification and 11 creation revision (6 bytes each),
 * 17 version (6 bytes), 23 lease (8 bytes), 31 the value. Little-endian.
 */
const goneKind = 0;
const valueKind = 1;
/** The same with a lease below 0: the 64 bits alone don't tell it from one above 2⁶³. */
const negativeLeaseKind = 2;
const goneBytes = 11;
const headerBytes = 31;

export function encodeRow(key: string, row: Row): Buffer {
  if (row.kind === 'gone') {
    const gone = Buffer.allocUnsafe(goneBytes);
    gone[4] = goneKind;
    gone.writeUIntLE(row.revision, 5, 6);
    return sealInPlace(key, gone);
  }
  const { value } = row;
  const bytes = Buffer.allocUnsafe(headerBytes + value.value.length);
  bytes[4] = value.lease < 0n ? negativeLeaseKind : valueKind;
  bytes.writeUIntLE(value.modRevision, 5, 6);
  bytes.writeUIntLE(value.createRevision, 11, 6);
  bytes.writeUIntLE(value.version, 17, 6);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value.lease), 23);
  bytes.latin1Write(value.value, headerBytes, value.value.length);
  return sealInPlace(key, bytes);
}

/** Null: altered, or no row of this key. `unchecked` spoils it. */
export function decodeRow(
  rowKey: string,
  key: ByteString,
  content: Uint8Array,
  unchecked = false,
): Row | null {
  if (content.length < goneBytes || !(unchecked || isSealed(rowKey, content))) return null;
  const bytes = asBuffer(content);
  const mod = revision(bytes.readUIntLE(5, 6));
  if (bytes[4] === goneKind) return { kind: 'gone', revision: mod };
  if ((bytes[4] !== valueKind && bytes[4] !== negativeLeaseKind) || bytes.length < headerBytes) return null;
  const lease = bytes[4] === valueKind ? bytes.readBigUInt64LE(23) : bytes.readBigInt64LE(23);
  return {
    kind: 'value',
    value: {
      key,
      value: bytes.latin1Slice(headerBytes, bytes.length) as ByteString,
      createRevision: revision(bytes.readUIntLE(11, 6)),
      modRevision: mod,
      version: bytes.readUIntLE(17, 6),
      lease: lease === 0n ? noLease : leaseId(lease),
    },
  };
}
