import type { Clock } from '../ports/clock.ts';

/** Who failed is left alone for so long, doubled while it goes on. */
const firstMs = 1000;
const longestMs = 60_000;

/** Who failed, by name. */
export class Grudges {
  readonly #clock: Clock;
  readonly #against = new Map<string, { readonly untilMs: number; readonly forMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(name: string): void {
    const before = this.#against.get(name);
    const forMs = Math.min(longestMs, before === undefined ? firstMs : before.forMs * 2);
    this.#against.set(name, { untilMs: this.#clock.nowMs() + forMs, forMs });
  }

  /** What was is forgotten. */
  lasted(name: string): void {
    this.#against.delete(name);
  }

  has(name: string): boolean {
    return this.#clock.nowMs() < (this.#against.get(name)?.untilMs ?? Number.NEGATIVE_INFINITY);
  }
}
