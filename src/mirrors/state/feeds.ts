import type { Revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReplicaReads, StateClient } from '../../ports/state-client.ts';
import { BegunFeed } from './begun-feed.ts';
import { ClusterFeed, type Feed, type ReplicaWord } from './feed.ts';
import { ReplicaFeed, wordOf } from './replica-feed.ts';

export interface Near {
  /** Client addresses, `host:port`; null: all warm replicas that the cluster is known to have. */
  readonly endpoints: readonly string[] | null;
  readonly lagMs: number;
}

export interface FeedsPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  /** Null: the cluster's own word only. */
  readonly near: Near | null;
  /** The longest wait for the cluster while a replica that lags could serve. */
  readonly silentMs: number;
}

interface Found {
  readonly replica: ReplicaReads;
  readonly word: ReplicaWord;
  readonly roundTripMs: number;
}

/** Who failed is left alone for so long, doubled while it goes on. */
const firstGrudgeMs = 1000;
const longestGrudgeMs = 60_000;
const lookMs = 5000;
const clusterName = '';

/**
 * Whom to follow: the nearest replica (by round trip) that holds the mirrors and does not lag; else the cluster; where that does not answer, the replica that lags
 * least, for what it has is told with its age.
 */
export class Feeds {
  readonly #ports: FeedsPorts;
  readonly #grudges = new Map<string, { readonly untilMs: number; readonly forMs: number }>();

  constructor(ports: FeedsPorts) {
    this.#ports = ports;
  }

  async next(seen: Revision | 0): Promise<Feed> {
    const { client, near, silentMs } = this.#ports;
    if (near === null) return new ClusterFeed(client);
    const found = await this.#found();
    const nearest = this.#nearest(found);
    if (nearest !== null) return this.#feedOf(nearest, seen, near.lagMs);
    const least = found
      .filter(({ word }) => word.revision >= seen)
      .sort((a, b) => b.word.asOfMonoMs - a.word.asOfMonoMs)[0];
    if (least !== undefined && this.#isAvoided(clusterName)) return this.#feedOf(least, seen, null);
    return new ClusterFeed(client, least === undefined ? null : silentMs);
  }

  failed({ replica }: Feed): void {
    const name = replica?.endpoint ?? clusterName;
    const nowMs = this.#ports.clock.nowMs();
    const before = this.#grudges.get(name);
    const forMs = Math.min(longestGrudgeMs, before === undefined ? firstGrudgeMs : before.forMs * 2);
    this.#grudges.set(name, { untilMs: nowMs + forMs, forMs });
  }

  /** It lasts: what was is forgotten. */
  lasted({ replica }: Feed): void {
    this.#grudges.delete(replica?.endpoint ?? clusterName);
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
    const look = async (): Promise<void> => {
      const better = await this.#better(feed, near);
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

  async #better({ replica }: Feed, { lagMs }: Near): Promise<Found | 'cluster' | null> {
    const { client, clock, silentMs } = this.#ports;
    if (replica !== null && clock.nowMs() - replica.asOfMonoMs <= lagMs) return null;
    const nearest = this.#nearest(await this.#found());
    if (nearest !== null || replica === null) return nearest;
    try {
      await client.get('mirrors/', { prefix: true, limit: 1, keysOnly: true, deadlineMs: silentMs });
      this.#grudges.delete(clusterName);
      return 'cluster';
    } catch {
      return null;
    }
  }

  #feedOf({ replica, word }: Found, seen: Revision | 0, lagMs: number | null): Feed {
    const { clock } = this.#ports;
    return new ReplicaFeed({ replica, clock, word, seen, lagMs, answerMs: this.#answerMs });
  }

  get #answerMs(): number {
    return Math.max(200, Math.min(2000, this.#ports.near?.lagMs ?? 0));
  }

  /** Of those that answer, nearest first. */
  async #found(): Promise<readonly Found[]> {
    const { client, clock, near } = this.#ports;
    const replicas = await client.replicas?.(near?.endpoints ?? undefined).catch(() => []);
    const asked = (replicas ?? []).filter(({ endpoint }) => !this.#isAvoided(endpoint));
    const found = await Promise.all(
      asked.map(async (replica): Promise<Found | null> => {
        const sinceMs = clock.nowMs();
        try {
          const word = await wordOf(replica, clock, this.#answerMs);
          return { replica, word, roundTripMs: clock.nowMs() - sinceMs };
        } catch {
          return null;
        }
      }),
    );
    return found.filter((each) => each !== null).sort((a, b) => a.roundTripMs - b.roundTripMs);
  }

  #nearest(found: readonly Found[]): Found | null {
    const { clock, near } = this.#ports;
    return found.find(({ word }) => clock.nowMs() - word.asOfMonoMs <= (near?.lagMs ?? 0)) ?? null;
  }

  #isAvoided(name: string): boolean {
    return this.#ports.clock.nowMs() < (this.#grudges.get(name)?.untilMs ?? Number.NEGATIVE_INFINITY);
  }
}
