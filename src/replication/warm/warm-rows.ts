import { asBuffer, type ByteString, byteString } from '../../foundation/bytes.ts';
import { type LeaseId, leaseId, revision } from '../../foundation/ids.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { isSealed, sealInPlace } from '../../storage/record-codec.ts';

/**
 * Rows of a warm replica's database, each with a checksum over key and content (storage/record-codec):
 * `meta` how far it is · `g/GENERATION` a range that is held, with its digest · `r/GENERATION/KEY` its values · `e/GENERATION` a range that was found
 * wrong, whose values are kept as evidence · `l/ID` leases · `members`. Values of a generation that neither `g` nor `e` knows count for nothing.
 */
export const metaKey = 'meta';
export const membersKey = 'members';
export const rangePrefix = 'g/';
export const evidencePrefix = 'e/';
export const leasePrefix = 'l/';
export const valuePrefix = 'r/';

/** What sorts behind everything with that prefix, which ends with a slash. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

const digits = 10;

export function hexOf(generation: number): string {
  return generation.toString(16).padStart(digits, '0');
}

export function valuesOf(generation: number): string {
  return `${valuePrefix}${hexOf(generation)}/`;
}

export function valueKey(generation: number, key: ByteString): string {
  return valuesOf(generation) + key;
}

export function generationOf(rowKey: string): number {
  return Number.parseInt(rowKey.slice(2, 2 + digits), 16);
}

export function keyOf(rowKey: string): ByteString {
  return rowKey.slice(keyAt) as ByteString;
}

const keyAt = valuePrefix.length + digits + 1;
const crcBytes = 4;
const headBytes = crcBytes + 32;

export function putRow(generation: number, value: KeyValue): DatabaseChange {
  const key = valueKey(generation, value.key);
  const row = Buffer.allocUnsafe(headBytes + value.value.length);
  row.writeDoubleLE(value.createRevision, crcBytes);
  row.writeDoubleLE(value.modRevision, crcBytes + 8);
  row.writeDoubleLE(value.version, crcBytes + 16);
  row.writeBigUInt64LE(value.lease, crcBytes + 24);
  row.latin1Write(value.value, headBytes, value.value.length);
  return { type: 'put', key, value: sealInPlace(key, row) };
}

export function deleteRow(generation: number, key: ByteString): DatabaseChange {
  return { type: 'del', key: valueKey(generation, key) };
}

/** Null: its checksum is wrong. */
export function readRow(rowKey: string, row: Uint8Array): KeyValue | null {
  if (row.length < headBytes || !isSealed(rowKey, row)) return null;
  const bytes = asBuffer(row);
  return {
    key: keyOf(rowKey),
    value: byteString(bytes.subarray(headBytes)),
    createRevision: revision(bytes.readDoubleLE(crcBytes)),
    modRevision: revision(bytes.readDoubleLE(crcBytes + 8)),
    version: bytes.readDoubleLE(crcBytes + 16),
    lease: leaseId(bytes.readBigUInt64LE(crcBytes + 24)),
  };
}

function leaseKey(id: LeaseId): string {
  return leasePrefix + id.toString(16).padStart(16, '0');
}

/** `ttlMs` null: it has ended. */
export function leaseRow(id: LeaseId, ttlMs: number | null): DatabaseChange {
  const key = leaseKey(id);
  if (ttlMs === null) return { type: 'del', key };
  const row = Buffer.allocUnsafe(crcBytes + 8);
  row.writeDoubleLE(ttlMs, crcBytes);
  return { type: 'put', key, value: sealInPlace(key, row) };
}

/** Null: its checksum is wrong. All leases are told anew when a stream begins. */
export function readLease(
  rowKey: string,
  row: Uint8Array,
): { readonly id: LeaseId; readonly ttlMs: number } | null {
  if (row.length !== crcBytes + 8 || !isSealed(rowKey, row)) return null;
  const id = leaseId(BigInt(`0x${rowKey.slice(leasePrefix.length)}`));
  return { id, ttlMs: asBuffer(row).readDoubleLE(crcBytes) };
}
