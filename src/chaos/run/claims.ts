import type { Claim } from '../scenario.ts';
import type { RunClock } from './run-clock.ts';

/**
 * Whose member is whose, among scripts that run at the same time; and whose synced data is gone. 1. A member has one owner at most.
 * 2. Fewer members have lost synced data than make a majority impossible without them: a minority of the voters.
 */
export class Claims {
  readonly #held = new Set<string>();
  /** How often each was damaged since all was whole. */
  readonly #damaged = new Map<string, number>();
  readonly #minority: number;
  readonly #settled: () => Promise<void>;
  #waiting: (() => void)[] = [];

  /** `settled`: resolves when every member has again what the others have. */
  constructor(voters: number, settled: () => Promise<void>) {
    this.#minority = Math.floor((voters - 1) / 2);
    this.#settled = settled;
  }

  async claim(ids: readonly string[], destroys: boolean, clock: RunClock): Promise<Claim> {
    while (!this.#isFree(ids, destroys))
      await clock.within(new Promise<void>((resolve) => this.#waiting.push(resolve)));
    for (const id of ids) this.#held.add(id);
    if (destroys) for (const id of ids) this.#damaged.set(id, (this.#damaged.get(id) ?? 0) + 1);
    let released = false;
    return {
      ids,
      release: () => {
        if (released) return;
        released = true;
        for (const id of ids) this.#held.delete(id);
        if (destroys) void this.#whole(ids);
        this.#tell();
      },
    };
  }

  #isFree(ids: readonly string[], destroys: boolean): boolean {
    if (ids.some((id) => this.#held.has(id))) return false;
    return !destroys || new Set([...this.#damaged.keys(), ...ids]).size <= this.#minority;
  }

  /** What was destroyed counts as gone until the whole cluster has settled since; where it never does, for good. */
  async #whole(ids: readonly string[]): Promise<void> {
    try {
      await this.#settled();
    } catch {
      return;
    }
    for (const id of ids) {
      // Damaged once more while that was waited for.
      const again = (this.#damaged.get(id) ?? 0) - 1;
      if (again > 0) this.#damaged.set(id, again);
      else this.#damaged.delete(id);
    }
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }
}
