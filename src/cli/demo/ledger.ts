import type { Acknowledged } from '../../verification/outage.ts';

/** A write that the cluster acknowledged: what the demo holds it to. */
export interface AcknowledgedWrite extends Acknowledged {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Everything that was acknowledged, in that order. */
export interface Ledger {
  readonly writes: readonly AcknowledgedWrite[];
  record(write: AcknowledgedWrite): void;
}

export function emptyLedger(): Ledger {
  const writes: AcknowledgedWrite[] = [];
  return { writes, record: (write) => writes.push(write) };
}
