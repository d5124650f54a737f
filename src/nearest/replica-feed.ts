import { TanistError } from '../foundation/errors.ts';
import { type Revision, revision as revisionOf } from '../foundation/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type {
  ClientKeyValue,
  ReplicaReads,
  ReplicaWatch,
  WatchBatch,
  WatchEvent,
} from '../ports/state-client.ts';
import { type Feed, type FeedPart, pages, type ReplicaWord } from './feed.ts';

export interface ReplicaFeedOptions {
  readonly replica: ReplicaReads;
  readonly prefix: string;
  readonly clock: Clock;
  readonly word: ReplicaWord;
  /** What this process has seen already: the replica must have come as far. */
  readonly seen: Revision | 0;
  /** How old what it holds may be; null: as old as it is, for there is nobody else. */
  readonly lagMs: number | null;
  /** The longest wait for an answer of it. */
  readonly answerMs: number;
}

/**
 * The keys of a prefix as one replica has them. It holds the latest values only, so the watch begins before the pages are read, and what changed meanwhile is taken over
 * from there: the first part is of one revision, and not before `seen`. Fails when the replica is gone, refuses, is silent, or lags beyond the limit.
 */
export class ReplicaFeed implements Feed {
  readonly #options: ReplicaFeedOptions;
  #word: ReplicaWord;
  /** Through which revision the watch has told everything. */
  #heardThrough: Revision | 0 = 0;
  /** What the replica said it holds, since when the watch has not shown as much; null: it has. */
  #owed: { readonly word: ReplicaWord; readonly sinceMs: number } | null = null;
  /** The pages that were read, in order: what came up to a page's revision is in it. */
  #pages: readonly { readonly last: Uint8Array | null; readonly revision: Revision }[] = [];

  constructor(options: ReplicaFeedOptions) {
    this.#options = options;
    this.#word = options.word;
  }

  get replica(): ReplicaWord {
    return this.#word;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined> {
    const { replica, prefix } = this.#options;
    const ended = new AbortController();
    let failure: unknown = null;
    const end = (): void => ended.abort();
    signal.addEventListener('abort', end, { once: true });
    const fail = (error: unknown): void => {
      failure ??= error;
      end();
    };
    let guard: { stop(): void } | null = null;
    try {
      if (signal.aborted) return;
      const watched = replica.watch(prefix, { prefix: true, signal: ended.signal });
      const watch = watched[Symbol.asyncIterator]();
      try {
        const all = await this.#all(watch, ended.signal, fail);
        if (all !== null) {
          guard = this.#guard(watched, fail);
          yield all;
        }
        for (let batch = await watch.next(); !batch.done; batch = await watch.next()) {
          this.#heard(batch.value);
          const { revision, events } = batch.value;
          yield {
            kind: 'changes',
            batch: { revision, events: events.filter((event) => this.#isNew(event)) },
          };
        }
      } finally {
        await watch.return?.();
      }
    } catch (error) {
      throw failure ?? error;
    } finally {
      guard?.stop();
      signal.removeEventListener('abort', end);
    }
    if (!signal.aborted)
      throw failure ?? new TanistError('unavailable', `${replica.endpoint} ended the watch of ${prefix}`);
  }

  async #all(
    watch: AsyncIterator<WatchBatch>,
    signal: AbortSignal,
    fail: (error: unknown) => void,
  ): Promise<FeedPart | null> {
    const { replica, prefix, clock, seen, lagMs, answerMs } = this.#options;
    let at: Revision | 0 = 0;
    const changes: WatchEvent[] = [];
    /** Until the watch has come so far. */
    const until = async (least: number, isKept: boolean): Promise<boolean> => {
      for (let isFirst = at === 0; isFirst || at < least; isFirst = false) {
        const { done, value } = await watch.next();
        if (done) return false;
        at = value.revision;
        this.#heard(value);
        if (isKept) changes.push(...value.events);
      }
      return true;
    };
    const waitMs = lagMs ?? answerMs;
    const limited = async (least: number, isKept: boolean): Promise<boolean> => {
      const behind = clock.after(waitMs, () =>
        fail(new TanistError('unavailable', `${replica.endpoint} has not what was seen ${waitMs} ms ago`)),
      );
      return await until(least, isKept).finally(() => behind.cancel());
    };
    if (!(await limited(seen, false))) return null;
    const found = new Map<string, ClientKeyValue>();
    const read: { last: Uint8Array | null; revision: Revision }[] = [];
    let latest = 0;
    let asOfMonoMs = Number.POSITIVE_INFINITY;
    await pages(
      prefix,
      (from, page) => replica.get(from, { ...page, signal, deadlineMs: answerMs }),
      (answer) => {
        const { more, revision, ageMs } = answer;
        asOfMonoMs = Math.min(asOfMonoMs, clock.nowMs() - ageMs);
        read.push({ last: more ? (answer.values.at(-1)?.key ?? null) : null, revision });
        for (const value of answer.values) {
          latest = Math.max(latest, value.modRevision);
          found.set(textOf(value.key), value);
        }
      },
    );
    this.#pages = read;
    // What came since the watch began comes by that, too; pages of several revisions then are one.
    if (!(await limited(latest, true))) return null;
    for (const event of changes) {
      if (!this.#isNew(event)) continue;
      const { type, keyValue } = event;
      const key = textOf(keyValue.key);
      if (type === 'put') found.set(key, keyValue);
      else found.delete(key);
    }
    const whole = Math.max(at, Math.min(...read.map(({ revision }) => revision)));
    this.#word = { endpoint: replica.endpoint, revision: revisionOf(whole), asOfMonoMs };
    return { kind: 'all', at: revisionOf(whole), found: [...found.values()] };
  }

  /** Not in the page that its key was read with: that may have been read after the change. */
  #isNew({ keyValue: { key, modRevision } }: WatchEvent): boolean {
    const page = this.#pages.find(({ last }) => last === null || Buffer.compare(key, last) <= 0);
    return page === undefined || modRevision > page.revision;
  }

  /** How far it is says nothing of how old that is: it may be of a backlog. */
  #heard({ revision }: WatchBatch): void {
    this.#heardThrough = revisionOf(Math.max(this.#heardThrough, revision));
    if (revision > this.#word.revision) this.#word = { ...this.#word, revision };
    this.#shown();
  }

  /** What the replica said of its age is so of what is here as soon as the watch has told as much as it held then. */
  #shown(): void {
    if (this.#owed === null || this.#owed.word.revision > Math.max(this.#heardThrough, this.#word.revision))
      return;
    const { asOfMonoMs } = this.#owed.word;
    this.#owed = null;
    if (asOfMonoMs > this.#word.asOfMonoMs) this.#word = { ...this.#word, asOfMonoMs };
  }

  /** Asks now and then how old what it holds is, and has the watch say that it has told all of that; silence of either fails it. */
  #guard(watched: ReplicaWatch, failed: (error: unknown) => void): { stop(): void } {
    const { replica, prefix, clock, lagMs, answerMs } = this.#options;
    let timer: Timer | null = null;
    let stopped = false;
    const look = async (): Promise<void> => {
      try {
        const word = await wordOf(replica, prefix, clock, answerMs);
        if (stopped) return;
        const nowMs = clock.nowMs();
        if (lagMs !== null && nowMs - word.asOfMonoMs > lagMs)
          throw new TanistError('unavailable', `${replica.endpoint} lags by more than ${lagMs} ms`);
        this.#owed ??= { word, sinceMs: nowMs };
        this.#shown();
        if (this.#owed !== null) watched.requestProgress();
        if (lagMs !== null && this.#owed !== null && nowMs - this.#owed.sinceMs > lagMs)
          throw new TanistError(
            'unavailable',
            `${replica.endpoint} has told nothing of ${prefix} for more than ${lagMs} ms`,
          );
        plan();
      } catch (error) {
        if (!stopped) failed(error);
      }
    };
    const plan = (): void => {
      timer = clock.after(answerMs / 2, () => void look());
    };
    plan();
    return {
      stop: () => {
        stopped = true;
        timer?.cancel();
      },
    };
  }
}

/** Asks a replica what it holds of a prefix: how far it is. Fails as `not-held` where that is not all of it. */
export async function wordOf(
  replica: ReplicaReads,
  prefix: string,
  clock: Clock,
  deadlineMs: number,
): Promise<ReplicaWord> {
  const { revision, ageMs } = await replica.get(prefix, { prefix: true, countOnly: true, deadlineMs });
  return { endpoint: replica.endpoint, revision, asOfMonoMs: clock.nowMs() - ageMs };
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8');
}
