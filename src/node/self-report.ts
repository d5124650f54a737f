import type { SelfMeasurements } from '../failover/score.ts';
import type { MemberFacts } from '../ports/membership.ts';
import { factsOf } from './membership/member-change.ts';

/** What a replica says of itself in the context of its heartbeat replies. */
export interface SelfReport extends SelfMeasurements {
  readonly applied: number;
  readonly revision: number;
  /** Where it is reached, while the cluster knows otherwise. */
  readonly facts: MemberFacts | null;
}

const numbers = 6;
const numberBytes = numbers * 8;

export function encodeReport(report: SelfReport): Uint8Array {
  const { loopLagMs, syncMs, memoryUsed, diskFree, applied, revision, facts } = report;
  const text = facts === null ? null : Buffer.from(JSON.stringify(facts), 'utf8');
  const view = new DataView(new ArrayBuffer(numberBytes + (text?.length ?? 0)));
  for (const [i, value] of [loopLagMs, syncMs, memoryUsed, diskFree, applied, revision].entries()) {
    view.setFloat64(i * 8, value);
  }
  const bytes = new Uint8Array(view.buffer);
  if (text !== null) bytes.set(text, numberBytes);
  return bytes;
}

/** Null for anything that is not a report (another version's, perhaps). */
export function decodeReport(bytes: Uint8Array): SelfReport | null {
  if (bytes.length < numberBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => view.getFloat64(i * 8);
  return {
    loopLagMs: at(0),
    syncMs: at(1),
    memoryUsed: at(2),
    diskFree: at(3),
    applied: at(4),
    revision: at(5),
    facts: bytes.length === numberBytes ? null : factsIn(bytes.subarray(numberBytes)),
  };
}

function factsIn(bytes: Uint8Array): MemberFacts | null {
  try {
    return factsOf(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return null;
  }
}
