import type { Clock, Timer } from '../../ports/clock.ts';
import type { ContentKey } from '../../ports/dependency-registry.ts';
import type { Directory } from '../agent/directory.ts';

/** That there is none is believed for so long at most: somebody may publish it. */
export const mostMissingMs = 10_000;
const mostKept = 4096;

interface Known {
  readonly timer: Timer;
  readonly end: () => void;
}

/** What there is none of at upstream, for as long as that is believed. */
export class Missing {
  readonly #clock: Clock;
  readonly #directory: Directory;
  /** By digest of the address, oldest first. */
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock, directory: Directory) {
    this.#clock = clock;
    this.#directory = directory;
  }

  has({ digest }: ContentKey): boolean {
    return this.#known.has(digest);
  }

  /** Upstream said so to this agent; `isShared`: the others are told for as long. Resolves when they can know. */
  async found(key: ContentKey, forMs: number, isShared: boolean): Promise<void> {
    this.#keep(key, forMs, isShared ? () => this.#directory.gaveUp(key) : () => undefined);
    if (isShared) await this.#directory.missing(key, forMs);
  }

  /** Another agent was told so; `untilMs`: since 1970, by its calendar. */
  told(key: ContentKey, untilMs: number, mostMs: number): void {
    const forMs = Math.max(0, untilMs - this.#clock.wallMs());
    this.#keep(key, Math.min(mostMs, forMs), () => undefined);
  }

  close(): void {
    for (const { timer } of this.#known.values()) timer.cancel();
    this.#known.clear();
  }

  #keep({ digest }: ContentKey, forMs: number, then: () => void): void {
    const end = (): void => {
      timer.cancel();
      this.#known.delete(digest);
      then();
    };
    const timer = this.#clock.after(forMs, end);
    this.#known.get(digest)?.timer.cancel();
    this.#known.delete(digest);
    this.#known.set(digest, { timer, end });
    const [oldest] = this.#known.values();
    if (this.#known.size > mostKept) oldest?.end();
  }
}
