import type { SelfMeasurements } from '../failover/score.ts';
import type { MemberFacts } from '../ports/membership.ts';
import { type IntegrityReport, integrityJson, integrityOf } from './integrity/integrity-report.ts';
import { factsOf } from './membership/member-change.ts';

/** What a replica says of itself in the context of its heartbeat replies. */
export interface SelfReport extends SelfMeasurements {
  readonly applied: number;
  readonly revision: number;
  /** Where it is reached, while the cluster knows otherwise. */
  readonly facts: MemberFacts | null;
  /** Null: it says nothing of it. */
  readonly integrity: IntegrityReport | null;
}

const numbers = 6;
const numberBytes = numbers * 8;

export function encodeReport(report: SelfReport): Uint8Array {
  const { loopLagMs, syncMs, memoryUsed, diskFree, applied, revision, facts, integrity } = report;
  const text = JSON.stringify({ facts, integrity: integrity === null ? null : integrityJson(integrity) });
  const bytes = Buffer.alloc(numberBytes + Buffer.byteLength(text, 'utf8'));
  for (const [i, value] of [loopLagMs, syncMs, memoryUsed, diskFree, applied, revision].entries())
    bytes.writeDoubleBE(value, i * 8);
  bytes.write(text, numberBytes, 'utf8');
  return bytes;
}

/** Null for anything that is not a report (another version's, perhaps). */
export function decodeReport(bytes: Uint8Array): SelfReport | null {
  if (bytes.length < numberBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => view.getFloat64(i * 8);
  const { facts, integrity } = partsIn(bytes.subarray(numberBytes));
  return {
    loopLagMs: at(0),
    syncMs: at(1),
    memoryUsed: at(2),
    diskFree: at(3),
    applied: at(4),
    revision: at(5),
    facts: facts === null || facts === undefined ? null : factsOf(facts),
    integrity: integrityOf(integrity),
  };
}

function partsIn(bytes: Uint8Array): { readonly facts?: unknown; readonly integrity?: unknown } {
  if (bytes.length === 0) return {};
  try {
    const parts: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof parts === 'object' && parts !== null ? parts : {};
  } catch {
    return {};
  }
}
