import type { NodeId } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { LinkMeasurement } from '../ports/replication.ts';
import { rankSources, type SourceDirectory, type SourceOffer } from './choose-source.ts';

/** A replica's look at those who would feed it, and what it remembers of them. */
export class SourceChoice {
  readonly #clock: Clock;
  readonly #directory: Pick<SourceDirectory, 'offers'>;
  readonly #measured: () => readonly LinkMeasurement[];
  readonly #grudgeMs: number;
  readonly #failedAtMs = new Map<NodeId, number>();
  /** Those who said that what is held was never committed. */
  readonly #contradicts = new Set<NodeId>();
  #links: readonly LinkMeasurement[] = [];

  /** `measured`: paths to the hot nodes, as far as they are known otherwise. One that failed is not the first choice for `grudgeMs`. */
  constructor(
    clock: Clock,
    directory: Pick<SourceDirectory, 'offers'>,
    grudgeMs: number,
    measured: () => readonly LinkMeasurement[] = () => [],
  ) {
    this.#clock = clock;
    this.#directory = directory;
    this.#grudgeMs = grudgeMs;
    this.#measured = measured;
  }

  /** Measured paths; without any, what the last offers told. */
  get links(): readonly LinkMeasurement[] {
    const measured = this.#measured();
    return measured.length > 0 ? measured : this.#links;
  }

  async offers(): Promise<readonly SourceOffer[]> {
    const offers = await this.#directory.offers();
    this.#links = offers.map(({ source, roundTripMs }) => ({
      to: source.id,
      roundTripMs,
      bytesPerSecond: null,
    }));
    const measured = new Map(this.#measured().map(({ to, roundTripMs }) => [to, roundTripMs]));
    return offers.map((offer) => ({
      ...offer,
      roundTripMs: measured.get(offer.source.id) ?? offer.roundTripMs,
    }));
  }

  async best(): Promise<SourceOffer | null> {
    return rankSources(await this.offers(), this.failedLately())[0] ?? null;
  }

  failed(id: NodeId): void {
    this.#failedAtMs.set(id, this.#clock.nowMs());
  }

  failedLately(): ReadonlySet<NodeId> {
    const nowMs = this.#clock.nowMs();
    for (const [id, atMs] of this.#failedAtMs) if (nowMs - atMs > this.#grudgeMs) this.#failedAtMs.delete(id);
    return new Set(this.#failedAtMs.keys());
  }

  /** It says that what is held was never committed. True: enough say so; one source may be wrong itself, so where there is another one it is asked, too. */
  contradicts(id: NodeId): boolean {
    this.#contradicts.add(id);
    if (this.#contradicts.size < Math.min(2, this.#links.length)) return false;
    this.#contradicts.clear();
    return true;
  }

  /** What is held is right after all. */
  confirmed(): void {
    this.#contradicts.clear();
  }
}
