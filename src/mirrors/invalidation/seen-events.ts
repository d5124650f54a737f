import { windowMs } from './signature.ts';

/** Signatures within the window, at most: the oldest give way, which costs an invalidation more. */
const mostSeen = 100_000;

/** Events that were taken: each counts once. */
export class SeenEvents {
  readonly #untilMs = new Map<string, number>();

  has(signature: string, nowMs: number): boolean {
    return nowMs <= (this.#untilMs.get(signature) ?? Number.NEGATIVE_INFINITY);
  }

  add(signature: string, nowMs: number): void {
    for (const [each, untilMs] of this.#untilMs) {
      if (untilMs >= nowMs && this.#untilMs.size < mostSeen) break;
      this.#untilMs.delete(each);
    }
    // A moment ahead of ours is within the window for twice as long.
    this.#untilMs.set(signature, nowMs + 2 * windowMs);
  }

  remove(signature: string): void {
    this.#untilMs.delete(signature);
  }
}
