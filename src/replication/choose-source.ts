import type { NodeId } from '../foundation/ids.ts';
import type { ReplicaSource } from '../ports/replication.ts';

/** A hot node that would feed. */
export interface SourceOffer {
  readonly source: ReplicaSource;
  readonly leads: boolean;
  /** Whom it feeds already. */
  readonly followers: number;
  /** Null: not measured. */
  readonly roundTripMs: number | null;
}

/** Where replicas beyond the quorum look for someone to follow. */
export interface SourceDirectory {
  /** Those that answer and would feed; never rejects. */
  offers(): Promise<readonly SourceOffer[]>;
  /** Who leads, as far as that is known without asking; absent: only offers tell. */
  readonly leader?: NodeId | null;
  close(): void;
}

/** Round trips within such a factor count as equal. */
const factor = 2;
const leastMs = 1;

/**
 * The best first: those that have not failed lately; followers before the leader, whose time is the most precious; then the nearest; then who feeds the
 * fewest. Ties by id, so that the order is stable.
 */
export function rankSources(
  offers: readonly SourceOffer[],
  failedLately: ReadonlySet<NodeId>,
): readonly SourceOffer[] {
  const rank = (offer: SourceOffer): readonly (number | string)[] => [
    failedLately.has(offer.source.id) ? 1 : 0,
    offer.leads ? 1 : 0,
    distanceOf(offer.roundTripMs),
    offer.followers,
    offer.source.id,
  ];
  return [...offers].sort((left, right) => compare(rank(left), rank(right)));
}

/** Why another source is clearly better than the present one. */
export type Advantage = 'follows' | 'nearer';

/** A round trip that is longer by less is no reason to move. */
const clearly = factor * factor;

/**
 * Whom to move to from a source that works, and why; null: nobody is clearly better. A move is never followed by the one back unless what it was made for
 * turned round: a follower instead of the leader, or a follower at a fourth of the distance at most. Whoever feeds fewer is no reason.
 */
export function betterSource(
  offers: readonly SourceOffer[],
  present: NodeId,
  failedLately: ReadonlySet<NodeId>,
): { readonly offer: SourceOffer; readonly why: Advantage } | null {
  const from = offers.find(({ source }) => source.id === present);
  if (from === undefined) return null;
  const others = offers.filter(
    ({ source, leads }) => source.id !== present && !leads && !failedLately.has(source.id),
  );
  const [offer] = rankSources(others, failedLately);
  if (offer === undefined) return null;
  if (from.leads) return { offer, why: 'follows' };
  return isClearlyNearer(offer.roundTripMs, from.roundTripMs) ? { offer, why: 'nearer' } : null;
}

function isClearlyNearer(roundTripMs: number | null, thanMs: number | null): boolean {
  return roundTripMs !== null && thanMs !== null && thanMs >= clearly * Math.max(roundTripMs, leastMs);
}

function distanceOf(roundTripMs: number | null): number {
  if (roundTripMs === null) return Number.POSITIVE_INFINITY;
  return roundTripMs <= leastMs ? 0 : Math.ceil(Math.log(roundTripMs / leastMs) / Math.log(factor));
}

function compare(left: readonly (number | string)[], right: readonly (number | string)[]): number {
  for (const [i, a] of left.entries()) {
    const b = right[i] ?? a;
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}
