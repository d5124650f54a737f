import { quantile } from '../../../foundation/statistics.ts';
import { type OpenLoop, startOpenLoop } from '../load/open-loop.ts';
import { tierKey, tierValues } from './tier-keys.ts';
import type { TieredCluster } from './tiered-cluster.ts';

const deadlineMs = 30_000;

export interface WriteLoad {
  readonly rate: number;
  readonly valueBytes: number;
  /** Critical ones of the keys. */
  readonly percent: number;
  /** The keys that it goes round in. */
  readonly keys: number;
}

/** Overwrites keys at a steady rate, whether or not earlier writes have been answered. */
export function startWrites({ client }: Pick<TieredCluster, 'client'>, load: WriteLoad): OpenLoop {
  const valueAt = tierValues(load.valueBytes);
  return startOpenLoop(load.rate, (sequence) =>
    client.put(tierKey(scattered(sequence, load.keys), load.percent), valueAt(sequence), {
      deadlineMs,
    }),
  );
}

/** All of them, far from each other. */
function scattered(sequence: number, keys: number): number {
  return (sequence * 7919) % keys;
}

/** From issue to acknowledgement of the writes issued meanwhile: the 99th percentile, ms. Those that are not acknowledged are not in it. */
export function p99Ms(load: OpenLoop, fromMs: number, untilMs: number): number {
  const issued = load.acknowledged.filter(({ issuedAtMs }) => issuedAtMs >= fromMs && issuedAtMs < untilMs);
  return quantile(
    issued.map(({ issuedAtMs, ackedAtMs }) => ackedAtMs - issuedAtMs),
    0.99,
  );
}
