import type { NodeId } from '../../foundation/ids.ts';
import type { LinkMeasurement } from '../../ports/replication.ts';

/** What a block costs on its way: its size counts against the measured rate. */
const blockBytes = 16 * 1024;

export interface Link {
  /** Smoothed; null: not measured yet. */
  readonly roundTripMs: number | null;
  readonly bytesPerSecond: number | null;
}

const unmeasured: Link = { roundTripMs: null, bytesPerSecond: null };

/** The measured paths between members. A path is the same both ways: where both ends measured it, their mean counts. */
export class Links {
  readonly #links = new Map<string, Link>();

  constructor(measured: Iterable<readonly [from: NodeId, to: readonly LinkMeasurement[]]>) {
    for (const [from, links] of measured) {
      for (const { to, roundTripMs, bytesPerSecond } of links) {
        const key = keyOf(from, to);
        const other = this.#links.get(key) ?? unmeasured;
        this.#links.set(key, {
          roundTripMs: mean(other.roundTripMs, roundTripMs),
          bytesPerSecond: mean(other.bytesPerSecond, bytesPerSecond),
        });
      }
    }
  }

  between(a: NodeId, b: NodeId): Link {
    return this.#links.get(keyOf(a, b)) ?? unmeasured;
  }

  /** A block there and its acknowledgement back, ms; null: not measured yet. An unknown rate counts as no hindrance. */
  pathMs(a: NodeId, b: NodeId): number | null {
    if (a === b) return 0;
    const { roundTripMs, bytesPerSecond } = this.between(a, b);
    if (roundTripMs === null) return null;
    return bytesPerSecond === null || bytesPerSecond <= 0
      ? roundTripMs
      : roundTripMs + (blockBytes / bytesPerSecond) * 1000;
  }
}

function keyOf(a: NodeId, b: NodeId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function mean(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : (a + b) / 2;
}
