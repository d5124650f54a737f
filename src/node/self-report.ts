import type { SelfMeasurements } from '../failover/score.ts';

/** What a replica says of itself in the context of its heartbeat replies. */
export interface SelfReport extends SelfMeasurements {
  readonly applied: number;
  readonly revision: number;
}

export function encodeReport(report: SelfReport): Uint8Array {
  const { loopLagMs, syncMs, memoryUsed, diskFree, applied, revision } = report;
  const view = new DataView(new ArrayBuffer(48));
  for (const [i, value] of [loopLagMs, syncMs, memoryUsed, diskFree, applied, revision].entries()) {
    view.setFloat64(i * 8, value);
  }
  return new Uint8Array(view.buffer);
}

/** Null for anything that is not a report (another version's, perhaps). */
export function decodeReport(bytes: Uint8Array): SelfReport | null {
  if (bytes.length !== 48) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => view.getFloat64(i * 8);
  return {
    loopLagMs: at(0),
    syncMs: at(1),
    memoryUsed: at(2),
    diskFree: at(3),
    applied: at(4),
    revision: at(5),
  };
}
