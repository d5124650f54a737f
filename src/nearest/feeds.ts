import type { Revision } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReplicaReads, ReplicaTier, StateClient } from '../ports/state-client.ts';
import { BegunFeed } from './begun-feed.ts';
import { ClusterFeed, type Feed, type ReplicaWord } from './feed.ts';
import { Grudges } from './grudges.ts';
import { compareDistance, type Distance, isClearlyNearer, type Place, remoteness } from './place.ts';
import { ReplicaFeed, wordOf } from './replica-feed.ts';

/** Which replicas to read and follow. */
export interface Near {
  /** Where this process is: replicas of its zone come first, then those of its region, then the others, each by round trip. */
  readonly place: Place;
  /** Client addresses, `host:port`; null: all of these tiers that the cluster is known to have. */
  readonly endpoints: readonly string[] | null;
  readonly tiers: readonly ReplicaTier[];
  readonly lagMs: number;
}

export interface FeedsPorts {
  readonly client: StateClient;
  readonly prefix: string;
  readonly clock: Clock;
  /** Null: the cluster's own word only. */
  readonly near: Near | null;
  /** The longest wait for the cluster while a replica that lags could serve. */
  readonly silentMs: number;
}

interface Found extends Distance {
  readonly replica: ReplicaReads;
  readonly word: ReplicaWord;
}

const lookMs = 5000;
/** As long as the one that is followed does well, a nearer one is looked for so often. */
const nearerMs = 30_000;
const clusterName = '';

/**
 * Whom to follow: the nearest replica (by zone and region, then by round trip) that holds the prefix and does not lag; else the cluster; where that does not answer, the
 * replica that lags least, for what it has is told with its age.
 */
export class Feeds {
  readonly #ports: FeedsPorts;
  readonly #grudges: Grudges;
  /** Of the one that is followed. */
  #distance: Distance | null = null;

  constructor(ports: FeedsPorts) {
    this.#ports = ports;
    this.#grudges = new Grudges(ports.clock);
  }

  async next(seen: Revision | 0): Promise<Feed> {
    const { client, prefix, near, silentMs } = this.#ports;
    if (near === null) return new ClusterFeed(client, prefix);
    const found = await this.#found();
    const nearest = this.#nearest(found);
    if (nearest !== null) {
      this.#distance = nearest;
      return this.#feedOf(nearest, seen, near.lagMs);
    }
    const least = found
      .filter(({ word }) => word.revision >= seen)
      .sort((a, b) => b.word.asOfMonoMs - a.word.asOfMonoMs)[0];
    if (least !== undefined && this.#grudges.has(clusterName)) return this.#feedOf(least, seen, null);
    return new ClusterFeed(client, prefix, least === undefined ? null : silentMs);
  }

  failed({ replica }: Feed): void {
    this.#grudges.failed(replica?.endpoint ?? clusterName);
  }

  lasted({ replica }: Feed): void {
    this.#grudges.lasted(replica?.endpoint ?? clusterName);
  }

  /**
   * Looks for a better one beside, and says when one is there, once: a replica has said all that it has by then; null: the cluster answers again. The function
   * it returns ends that.
   */
  better(feed: Feed, seen: () => Revision | 0, isThere: (next: BegunFeed | null) => void): () => void {
    const { clock, near } = this.#ports;
    if (near === null) return () => undefined;
    let stopped = false;
    let begun: BegunFeed | null = null;
    let lookedMs = clock.nowMs();
    const look = async (): Promise<void> => {
      const isDue = clock.nowMs() - lookedMs >= nearerMs;
      if (isDue) lookedMs = clock.nowMs();
      const better = await this.#better(feed, near, isDue);
      if (stopped) return;
      if (better === 'cluster') {
        isThere(null);
        return;
      }
      if (better !== null) {
        begun = new BegunFeed(this.#feedOf(better, seen(), near.lagMs), seen, clock, near.lagMs);
        const isWhole = await begun.begin().then(
          () => true,
          () => false,
        );
        if (stopped) return;
        if (isWhole) {
          const next = begun;
          begun = null;
          this.#distance = better;
          isThere(next);
          return;
        }
        this.failed(begun);
        begun.end();
      }
      plan();
    };
    let timer = clock.after(lookMs, () => void look());
    const plan = (): void => {
      timer = clock.after(lookMs, () => void look());
    };
    return () => {
      stopped = true;
      timer.cancel();
      begun?.end();
    };
  }

  async #better({ replica }: Feed, { lagMs }: Near, isDue: boolean): Promise<Found | 'cluster' | null> {
    const { client, prefix, clock, silentMs } = this.#ports;
    const isWell = replica !== null && clock.nowMs() - replica.asOfMonoMs <= lagMs;
    if (isWell && !isDue) return null;
    const found = await this.#found();
    const nearest = this.#nearest(found);
    if (isWell) {
      // Its round trip now, as that of the others.
      const own = found.find((each) => each.replica.endpoint === replica.endpoint) ?? this.#distance;
      return nearest !== null && own !== null && isClearlyNearer(nearest, own) ? nearest : null;
    }
    if (nearest !== null || replica === null) return nearest;
    try {
      await client.get(prefix, { prefix: true, countOnly: true, deadlineMs: silentMs });
      this.#grudges.lasted(clusterName);
      return 'cluster';
    } catch {
      return null;
    }
  }

  #feedOf({ replica, word }: Found, seen: Revision | 0, lagMs: number | null): Feed {
    const { clock, prefix } = this.#ports;
    return new ReplicaFeed({ replica, prefix, clock, word, seen, lagMs, answerMs: this.#answerMs });
  }

  get #answerMs(): number {
    return Math.max(200, Math.min(2000, this.#ports.near?.lagMs ?? 0));
  }

  /** Of those that answer, nearest first. */
  async #found(): Promise<readonly Found[]> {
    const { client, prefix, clock, near } = this.#ports;
    const replicas = await client.replicas?.(near?.endpoints ?? undefined, near?.tiers).catch(() => []);
    const asked = (replicas ?? []).filter(({ endpoint }) => !this.#grudges.has(endpoint));
    const found = await Promise.all(
      asked.map(async (replica): Promise<Found | null> => {
        const sinceMs = clock.nowMs();
        try {
          const word = await wordOf(replica, prefix, clock, this.#answerMs);
          const roundTripMs = clock.nowMs() - sinceMs;
          return { replica, word, roundTripMs, remoteness: remoteness(near?.place ?? {}, replica.labels) };
        } catch {
          return null;
        }
      }),
    );
    return found.filter((each) => each !== null).sort(compareDistance);
  }

  #nearest(found: readonly Found[]): Found | null {
    const { clock, near } = this.#ports;
    return found.find(({ word }) => clock.nowMs() - word.asOfMonoMs <= (near?.lagMs ?? 0)) ?? null;
  }
}
