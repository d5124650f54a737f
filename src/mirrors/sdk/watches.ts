import type { Random } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import { type LiveEntry, ownValue } from '../state/live-entry.ts';
import type { LiveMirror } from '../state/live-mirror.ts';
import { type Answers, isMissing } from './answers.ts';
import type { MirrorEvent, MirrorState, PollOptions } from './mirror-state.ts';
import type { SourceBook } from './source-book.ts';

export interface WatchPorts {
  readonly clock: Clock;
  readonly live: LiveMirror;
  readonly sources: SourceBook;
  readonly answers: Answers;
  /** So that watchers in many processes do not look all at once. */
  readonly random: Random;
  readonly poll: (name: string, options: PollOptions) => Promise<MirrorState>;
}

const leastGraceMs = 5000;
const longestWatchMs = 3_600_000;

/** Watches of this process: readers for as long as they live, who look themselves where nobody else does. */
export class Watches {
  readonly #ports: WatchPorts;
  readonly #counts = new Map<string, number>();
  #closed = false;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /** Those that live, by resource. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** They end when they are woken next. */
  close(): void {
    this.#closed = true;
  }

  /** The present state, then every change of it; ends when the signal aborts. Slow readers get the newest only. */
  async *watch(
    id: string,
    options: PollOptions & { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<MirrorEvent, void, undefined> {
    const { signal } = options;
    const entry = this.#ports.live.entry(id);
    let wake: (() => void) | null = null;
    const listener = (): void => wake?.();
    entry.listeners.add(listener);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    signal?.addEventListener('abort', listener, { once: true });
    let told: string | null = null;
    let polledMs = Number.NEGATIVE_INFINITY;
    try {
      let first = true;
      while (!signal?.aborted && !this.#closed) {
        const came = new Promise<void>((resolve) => {
          wake = resolve;
        });
        // Who watches reads, too: what is due is looked at for it.
        if (first || entry.wanted?.reason === 'due' || this.#isLeft(entry, polledMs)) {
          // What goes wrong later is in the entry, and ends no watch.
          await this.#ports
            .poll(id, options)
            .catch((error: unknown) => isMissing(error) || !first || Promise.reject(error));
          polledMs = this.#ports.clock.nowMs();
        }
        first = false;
        const { check } = entry;
        const value = ownValue(entry);
        const state = value === null ? (check?.gone && !entry.isForeign ? 'gone' : null) : value.digest;
        if (state !== null && state !== told) {
          told = state;
          if (value === null) yield { kind: 'missing', id };
          else yield { kind: 'state', state: this.#ports.answers.answer(entry, this.#ports.clock.nowMs()) };
          continue;
        }
        if (signal?.aborted) return;
        const timer = this.#ports.clock.after(this.#watchMs(entry, polledMs), listener);
        await came;
        timer.cancel();
      }
    } finally {
      entry.listeners.delete(listener);
      const others = (this.#counts.get(id) ?? 1) - 1;
      if (others === 0) this.#counts.delete(id);
      else this.#counts.set(id, others);
      signal?.removeEventListener('abort', listener);
    }
  }

  /** A watcher looks itself at what has been stale for a while: no refresher does. */
  #isLeft(entry: LiveEntry, polledMs: number): boolean {
    return this.#ports.clock.nowMs() >= this.#staleAtMs(entry, polledMs) + this.#graceMs(entry);
  }

  /** Without a mirror (none was made, or it was taken away): since this watcher's last poll. */
  #staleAtMs(
    { id, check, isForeign, wanted, wantedMonoMs, checkedMonoMs }: LiveEntry,
    polledMs: number,
  ): number {
    if (check === null || isForeign) return polledMs;
    if (wanted?.reason === 'invalidated') return wantedMonoMs;
    return checkedMonoMs + (this.#ports.sources.get(id.source)?.freshForMs ?? Number.POSITIVE_INFINITY);
  }

  /** Until a watcher looks at what no delta came of, which is not the same for all of them. */
  #watchMs(entry: LiveEntry, polledMs: number): number {
    const graceMs = this.#graceMs(entry);
    const leftMs =
      Math.max(this.#staleAtMs(entry, polledMs), entry.retryAtMonoMs) - this.#ports.clock.nowMs();
    return graceMs * (1 + this.#ports.random.next()) + Math.min(Math.max(0, leftMs), longestWatchMs);
  }

  #graceMs({ id }: LiveEntry): number {
    return Math.max(leastGraceMs, (this.#ports.sources.get(id.source)?.freshForMs ?? 0) / 10);
  }
}
