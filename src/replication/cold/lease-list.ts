import { asBuffer } from '../../foundation/bytes.ts';
import { leaseId } from '../../foundation/ids.ts';
import type { LeaseTerms } from '../../ports/replication.ts';
import { isSealed, sealRecord } from '../../storage/record-codec.ts';
import { hex8 } from './keys.ts';

/** The leases that there were as of a snapshot, in lists. */
export const leasesPrefix = 'l/';

export function leasesOf(number: number): string {
  return `${leasesPrefix}${hex8(number)}/`;
}

export function leaseListKey(number: number, sequence: number): string {
  return `${leasesOf(number)}${hex8(sequence)}`;
}

/** 0 id (8 bytes), 8 time-to-live with, as the sign, that of the id (float64). */
const leaseBytes = 16;
export const leasesPerList = 2048;

export function encodeLeases(row: string, leases: readonly LeaseTerms[]): Buffer {
  const content = Buffer.allocUnsafe(leases.length * leaseBytes);
  for (const [i, { id, ttlMs }] of leases.entries()) {
    content.writeBigInt64LE(BigInt.asIntN(64, id), i * leaseBytes);
    content.writeDoubleLE(id < 0n ? -ttlMs : ttlMs, i * leaseBytes + 8);
  }
  return sealRecord(row, content);
}

/** Null: altered. */
export function decodeLeases(row: string, value: Uint8Array): readonly LeaseTerms[] | null {
  if (!isSealed(row, value)) return null;
  const content = asBuffer(value).subarray(4);
  const leases: LeaseTerms[] = [];
  for (let at = 0; at + leaseBytes <= content.length; at += leaseBytes) {
    const ttlMs = content.readDoubleLE(at + 8);
    const id = ttlMs < 0 ? content.readBigInt64LE(at) : content.readBigUInt64LE(at);
    leases.push({ id: leaseId(id), ttlMs: Math.abs(ttlMs) });
  }
  return leases;
}
