import { beforeAll, type LogPoint, type PeerIdentity } from '../../ports/log-store.ts';

export type Incarnation = Pick<PeerIdentity, 'incarnation'>;

/** So many earlier starts of a peer are told apart. */
const keptIncarnations = 16;

/**
 * The starts of one peer in the order in which they were met, and what is known to have been acknowledged by each: committed entries only,
 * as an uncommitted suffix may rightly be cut off by a new leader. What a start acknowledged says nothing against the hello of
 * that same start, which may arrive later; against the hello of any other it does.
 */
export class PeerHistory {
  /** By incarnation, oldest first. */
  readonly #acknowledged = new Map<string, LogPoint>();
  /** Met in a hello, the newest last. */
  readonly #met: string[] = [];
  #earlier: LogPoint;

  constructor(remembered: LogPoint) {
    this.#earlier = remembered;
  }

  /** A later incarnation has presented itself since. */
  hasSuperseded({ incarnation }: Incarnation): boolean {
    return this.#met.includes(incarnation) && this.#met.at(-1) !== incarnation;
  }

  met({ incarnation }: Incarnation): void {
    if (this.#met.at(-1) === incarnation) return;
    this.#met.push(incarnation);
    if (this.#met.length > keptIncarnations) this.#met.shift();
  }

  acknowledged({ incarnation }: Incarnation, point: LogPoint): void {
    const before = this.#acknowledged.get(incarnation);
    if (before !== undefined && before.index >= point.index) return;
    this.#acknowledged.set(incarnation, point);
    if (this.#acknowledged.size <= keptIncarnations) return;
    for (const [oldest, its] of this.#acknowledged) {
      this.#earlier = later(this.#earlier, its);
      this.#acknowledged.delete(oldest);
      return;
    }
  }

  /** What other starts than this one have acknowledged. */
  knownBefore({ incarnation }: Incarnation): LogPoint {
    let known = this.#earlier;
    for (const [other, point] of this.#acknowledged) if (other !== incarnation) known = later(known, point);
    return known;
  }

  known(): LogPoint {
    return this.knownBefore({ incarnation: '' });
  }
}

/** Of two committed points the higher one; a term may be unknown (0). */
function later(a: LogPoint, b: LogPoint): LogPoint {
  const higher = b.index > a.index ? b : a;
  return higher.index === 0 ? beforeAll : higher;
}
