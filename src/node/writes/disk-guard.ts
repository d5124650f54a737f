import type { Clock, Timer } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Vitals } from '../vitals.ts';

export interface DiskGuardOptions {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly vitals: () => Vitals;
  readonly reserveBytes: number;
}

const lookEveryMs = 500;

/**
 * Keeps a reserve of free space: below it client writes are refused as `disk-full`, while Raft may still write the little that it
 * must. Reads go on. When there is room again, writes open by themselves.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #full = false;
  #fullSinceMs = 0;
  #waiting: (() => void)[] = [];
  #timer: Timer | null = null;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#look();
  }

  get full(): boolean {
    return this.#full;
  }

  /** How long it has been full; 0: it is not. */
  get fullForMs(): number {
    return this.#full ? this.#options.clock.nowMs() - this.#fullSinceMs : 0;
  }

  /** The store refused a write. Resolves when it is worth trying again. */
  room(): Promise<void> {
    this.#become(true);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, vitals, reserveBytes } = this.#options;
    this.#timer = clock.after(lookEveryMs, () => this.#look());
    const free = vitals().diskFreeBytes;
    this.#become(free !== null && free < reserveBytes);
    if (this.#full && free !== null) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #become(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    this.#fullSinceMs = this.#options.clock.nowMs();
    const free = this.#options.vitals().diskFreeBytes;
    if (full) this.#options.nodeLog.warn('disk-full', { free, reserve: this.#options.reserveBytes });
    else this.#options.nodeLog.info('disk-recovered', { free });
  }
}
