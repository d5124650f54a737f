import type { Clock } from '../../ports/clock.ts';

const mostKept = 4096;

/** What was refused of late, by what was asked for: it is not asked for again until its time is over. */
export class Refusals {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly error: Error; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws what it was refused with. */
  check(asked: string): void {
    const refused = this.#kept.get(asked);
    if (refused !== undefined && this.#clock.nowMs() < refused.untilMs) throw refused.error;
  }

  keep(asked: string, error: Error, forMs: number): void {
    this.#kept.delete(asked);
    this.#kept.set(asked, { error, untilMs: this.#clock.nowMs() + forMs });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > mostKept) this.#kept.delete(oldest);
  }
}
