import { TanistError } from '../../foundation/errors.ts';
import { type Revision, revision as revisionOf } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { ClientKeyValue, ReplicaReads, WatchBatch, WatchEvent } from '../../ports/state-client.ts';
import { type Feed, type FeedPart, pages, type ReplicaWord } from './feed.ts';
import { livePrefix } from './keys.ts';

export interface ReplicaFeedOptions {
  readonly replica: ReplicaReads;
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
 * The mirrors as one replica has them. It holds the latest values only, so the watch begins before the pages are read, and what changed meanwhile is taken over
 * from there: the first part is of one revision, and not before `seen`. Fails when the replica is gone, refuses, is silent, or lags beyond the limit.
 */
export class ReplicaFeed implements Feed {
  readonly #options: ReplicaFeedOptions;
  #word: ReplicaWord;

  constructor(options: ReplicaFeedOptions) {
    this.#options = options;
    this.#word = options.word;
  }

  get replica(): ReplicaWord {
    return this.#word;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<FeedPart, void, undefined> {
    const { replica } = this.#options;
    const ended = new AbortController();
    let failure: unknown = null;
    const end = (): void => ended.abort();
    signal.addEventListener('abort', end, { once: true });
    const fail = (error: unknown): void => {
      failure ??= error;
      end();
    };
    const guard = this.#guard(fail);
    try {
      if (signal.aborted) return;
      const watch = replica.watch(livePrefix, { prefix: true, signal: ended.signal })[Symbol.asyncIterator]();
      try {
        const all = await this.#all(watch, ended.signal, fail);
        if (all !== null) yield all;
        for (let batch = await watch.next(); !batch.done; batch = await watch.next()) {
          this.#heard(batch.value);
          yield { kind: 'changes', batch: batch.value };
        }
      } finally {
        await watch.return?.();
      }
    } catch (error) {
      throw failure ?? error;
    } finally {
      guard.stop();
      signal.removeEventListener('abort', end);
    }
    if (!signal.aborted)
      throw failure ?? new TanistError('unavailable', `${replica.endpoint} ended the watch of the mirrors`);
  }

  async #all(
    watch: AsyncIterator<WatchBatch>,
    signal: AbortSignal,
    fail: (error: unknown) => void,
  ): Promise<FeedPart | null> {
    const { replica, clock, seen, lagMs, answerMs } = this.#options;
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
    const behind = clock.after(waitMs, () =>
      fail(new TanistError('unavailable', `${replica.endpoint} has not what was seen ${waitMs} ms ago`)),
    );
    const isLevel = await until(seen, false).finally(() => behind.cancel());
    if (!isLevel) return null;
    const found = new Map<string, ClientKeyValue>();
    let read: number = at;
    let latest = 0;
    await pages(
      (from, page) => replica.get(from, { ...page, signal, deadlineMs: answerMs }),
      (answer) => {
        read = Math.max(read, answer.revision);
        for (const value of answer.values) {
          latest = Math.max(latest, value.modRevision);
          found.set(textOf(value.key), value);
        }
      },
    );
    // What came since the watch began comes by that, too; pages of several revisions then are one.
    if (!(await until(latest, true))) return null;
    for (const { type, keyValue } of changes) {
      const key = textOf(keyValue.key);
      // A page may have been read after the change.
      if ((found.get(key)?.modRevision ?? 0) > keyValue.modRevision) continue;
      if (type === 'put') found.set(key, keyValue);
      else found.delete(key);
    }
    return { kind: 'all', at: revisionOf(Math.max(at, read)), found: [...found.values()] };
  }

  #heard({ revision }: WatchBatch): void {
    if (revision > this.#word.revision)
      this.#word = { ...this.#word, revision, asOfMonoMs: this.#options.clock.nowMs() };
  }

  /** Asks now and then how old what it holds is; its silence fails it, too. */
  #guard(failed: (error: unknown) => void): { stop(): void } {
    const { replica, clock, lagMs, answerMs } = this.#options;
    let timer: Timer | null = null;
    let stopped = false;
    const look = async (): Promise<void> => {
      try {
        const word = await wordOf(replica, clock, answerMs);
        if (stopped) return;
        if (word.revision >= this.#word.revision) this.#word = word;
        if (lagMs !== null && clock.nowMs() - word.asOfMonoMs > lagMs)
          throw new TanistError('unavailable', `${replica.endpoint} lags by more than ${lagMs} ms`);
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

/** Asks a replica what it holds of the mirrors: how far it is. Fails as `not-held` where that is not all of them. */
export async function wordOf(replica: ReplicaReads, clock: Clock, deadlineMs: number): Promise<ReplicaWord> {
  const { revision, ageMs } = await replica.get(livePrefix, { prefix: true, countOnly: true, deadlineMs });
  return { endpoint: replica.endpoint, revision, asOfMonoMs: clock.nowMs() - ageMs };
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8');
}
