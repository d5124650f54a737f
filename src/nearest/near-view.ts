import { TanistError } from '../foundation/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Bytes, RangeAnswer, RangeOptions, ReplicaReads, StateClient } from '../ports/state-client.ts';
import { Feeds, type Near } from './feeds.ts';
import { type Followed, follow } from './follow.ts';
import { Grudges } from './grudges.ts';
import { compareDistance, type Distance, remoteness } from './place.ts';

/** `endpoint`: the replica that answered; null: the cluster's own client did, by whichever member it reaches. */
export interface NearAnswer extends RangeAnswer {
  readonly endpoint: string | null;
}

export type NearReadOptions = Omit<RangeOptions, 'consistency'>;

interface Ranked extends Distance {
  readonly replica: ReplicaReads;
}

/** How long an order of distances holds, and how long a replica has to answer before the next one is asked. */
const rankedMs = 30_000;
const answerMs = 1000;
/** Of the cluster, while a replica that lags could serve. */
const silentMs = 1000;

/** A space as it is read near by: serializable reads and following, at the nearest replica that can answer. */
export class NearView {
  readonly #client: StateClient;
  readonly #near: Near;
  readonly #clock: Clock;
  readonly #grudges: Grudges;
  #ranked: readonly Ranked[] = [];
  #ranking: Promise<void> | null = null;
  #rankedAtMs = Number.NEGATIVE_INFINITY;

  constructor(client: StateClient, near: Near, clock: Clock) {
    this.#client = client;
    this.#near = near;
    this.#clock = clock;
    this.#grudges = new Grudges(clock);
  }

  /**
   * Serializable, with its age. A replica that fails, does not hold the keys or lags by more than `lagMs` is passed over for the next one; after all of them the
   * client's own serializable read is made, and where that fails too, what lags least is told.
   */
  async get(key: Bytes, options: NearReadOptions = {}): Promise<NearAnswer> {
    const sinceMs = this.#clock.nowMs();
    /** Of the caller's time; undefined: it set none. */
    const leftMs = (): number | undefined =>
      options.deadlineMs === undefined
        ? undefined
        : Math.max(0, options.deadlineMs - (this.#clock.nowMs() - sinceMs));
    await this.#rank();
    let oldest: NearAnswer | null = null;
    for (const { replica } of this.#ranked) {
      const { endpoint } = replica;
      if (this.#grudges.has(endpoint)) continue;
      try {
        const deadlineMs = Math.min(answerMs, leftMs() ?? answerMs);
        if (deadlineMs === 0) break;
        const answer = { ...(await replica.get(key, { ...options, deadlineMs })), endpoint };
        this.#grudges.lasted(endpoint);
        if (answer.ageMs <= this.#near.lagMs) return answer;
        if (oldest === null || answer.ageMs < oldest.ageMs) oldest = answer;
      } catch (error) {
        if (!(error instanceof TanistError) || isFinal(error)) throw error;
        if (error.code !== 'not-held') this.#grudges.failed(endpoint);
      }
    }
    try {
      const left = leftMs();
      const limited = left === undefined ? options : { ...options, deadlineMs: left };
      return {
        ...(await this.#client.get(key, { ...limited, consistency: 'serializable' })),
        endpoint: null,
      };
    } catch (error) {
      if (oldest !== null) return oldest;
      throw error;
    }
  }

  /** All keys of a prefix, then their changes, of the latest values, for as long as the signal lets it: `follow`. */
  follow(prefix: string, signal: AbortSignal): AsyncGenerator<Followed, void, undefined> {
    const ports = { client: this.#client, prefix, clock: this.#clock, near: this.#near, silentMs };
    return follow(new Feeds(ports), this.#clock, signal);
  }

  /** Waits only where there is no order yet. */
  async #rank(): Promise<void> {
    if (this.#clock.nowMs() - this.#rankedAtMs >= rankedMs)
      this.#ranking ??= this.#measure().finally(() => {
        this.#ranking = null;
      });
    if (this.#ranked.length === 0) await this.#ranking;
  }

  async #measure(): Promise<void> {
    const { endpoints, tiers, place } = this.#near;
    const replicas = (await this.#client.replicas?.(endpoints ?? undefined, tiers).catch(() => [])) ?? [];
    const ranked = await Promise.all(
      replicas.map(async (replica): Promise<Ranked> => {
        const sinceMs = this.#clock.nowMs();
        const isThere = await replica
          .get('\0', { limit: 1, countOnly: true, deadlineMs: answerMs })
          // Whoever refuses has answered.
          .then(
            () => true,
            (error) => error instanceof TanistError && error.code === 'not-held',
          );
        const roundTripMs = isThere ? this.#clock.nowMs() - sinceMs : Number.POSITIVE_INFINITY;
        return { replica, roundTripMs, remoteness: remoteness(place, replica.labels) };
      }),
    );
    this.#ranked = ranked.sort(compareDistance);
    this.#rankedAtMs = this.#clock.nowMs();
  }
}

/** Any replica would say the same. */
function isFinal({ code }: TanistError): boolean {
  return (
    code === 'cancelled' || code === 'invalid-argument' || code === 'key-empty' || code === 'key-too-large'
  );
}
