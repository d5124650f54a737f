import { TanistError } from '../foundation/errors.ts';
import type { Revision } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClientKeyValue } from '../ports/state-client.ts';
import type { Feed, FeedPart, ReplicaWord } from './feed.ts';

type All = Extract<FeedPart, { kind: 'all' }>;

/**
 * A feed that is begun while another one is followed, which is left only when this one has said all that it has. What was seen until then is not taken back: of
 * what came to the other one meanwhile it waits for `mostMs`.
 */
export class BegunFeed implements Feed {
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #mostMs: number;
  readonly #ending = new AbortController();
  readonly #parts: AsyncGenerator<FeedPart, void, undefined>;
  /** What the process had seen when the other one was left. */
  readonly #seen: () => Revision | 0;
  #all: All | null = null;

  constructor(feed: Feed, seen: () => Revision | 0, clock: Clock, mostMs: number) {
    this.#feed = feed;
    this.#seen = seen;
    this.#clock = clock;
    this.#mostMs = mostMs;
    this.#parts = feed.follow(this.#ending.signal);
  }

  get replica(): ReplicaWord | null {
    return this.#feed.replica;
  }

  /** Resolves when it has said all that it has. Fails as the feed does. */
  async begin(): Promise<void> {
    this.#all = await this.#first();
  }

  end(): void {
    this.#ending.abort();
    this.#parts.return().catch(() => undefined);
  }

  async *follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined> {
    const end = (): void => this.#ending.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      yield await this.#level(this.#all ?? (await this.#first()), this.#seen());
      yield* this.#parts;
    } finally {
      signal.removeEventListener('abort', end);
      this.end();
    }
  }

  /** With what came since, up to `seen`. */
  async #level(all: All, seen: Revision | 0): Promise<All> {
    let { at } = all;
    if (at >= seen) return all;
    const found = new Map(all.found.map((row): [string, ClientKeyValue] => [textOf(row.key), row]));
    const late = this.#clock.after(this.#mostMs, () => this.#ending.abort());
    try {
      while (at < seen) {
        const { value } = await this.#parts.next();
        if (value?.kind !== 'changes') throw this.#ended();
        at = value.batch.revision;
        for (const { type, keyValue } of value.batch.events) {
          if (type === 'put') found.set(textOf(keyValue.key), keyValue);
          else found.delete(textOf(keyValue.key));
        }
      }
    } finally {
      late.cancel();
    }
    return { kind: 'all', at, found: [...found.values()] };
  }

  async #first(): Promise<All> {
    const { value } = await this.#parts.next();
    if (value?.kind !== 'all') throw this.#ended();
    return value;
  }

  #ended(): TanistError {
    const name = this.replica?.endpoint ?? 'the cluster';
    return new TanistError('unavailable', `${name} ended before it had what was seen`);
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8');
}
