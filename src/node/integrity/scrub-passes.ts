import type { Clock, Timer } from '../../ports/clock.ts';

export interface ScrubOptions {
  /** Read in the background, a second; 0: only on demand. */
  readonly bytesPerSecond: number;
  /** Between the end of one pass and the next one. */
  readonly pauseMs: number;
}

export const defaultScrub: ScrubOptions = { bytesPerSecond: 1024 * 1024, pauseMs: 60_000 };

export interface ScrubStatus {
  /** Passes that were finished since the start, and what they read. */
  readonly passes: number;
  readonly bytes: number;
  /** Faults found since the start. */
  readonly faults: number;
  readonly lastFault: string | null;
  readonly phase: 'waiting' | 'log' | 'image';
}

/** One pass, as the one who reads sees it. */
export interface ScrubPass {
  /** It is to end: the process stops. */
  readonly isOver: () => boolean;
  /** After each piece, with its bytes. Resolves when the next one may be read. */
  readonly pace: (bytes: number) => Promise<void>;
  readonly note: (what: string) => void;
  readonly phase: (phase: ScrubStatus['phase']) => void;
}

export interface ScrubPassesParts {
  readonly scrub: ScrubOptions;
  readonly clock: Clock;
  readonly yieldTurn: () => Promise<void>;
  /** Reads all that is stored, once; whether it came to its end. */
  readonly pass: (pass: ScrubPass) => Promise<boolean>;
  /** A pass in the background failed. */
  readonly failed: (error: Error) => void;
}

/** The first pass begins so soon: one that began after the pause alone would never end where the process starts anew often. */
const firstPauseMs = 5000;
const longestTimerMs = 2 ** 31 - 1;

/** Passes over all that is stored, one at a time: again and again at a bounded rate, and at once when asked. */
export class ScrubPasses {
  readonly #parts: ScrubPassesParts;
  #timer: Timer | null = null;
  #stopped = false;
  /** So many wait for a pass to end. */
  #hurry = 0;
  #goOn: (() => void) | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #passes = 0;
  #bytes = 0;
  #faults = 0;
  #lastFault: string | null = null;
  #phase: ScrubStatus['phase'] = 'waiting';

  constructor(parts: ScrubPassesParts) {
    this.#parts = parts;
  }

  start(): void {
    const { bytesPerSecond, pauseMs } = this.#parts.scrub;
    if (bytesPerSecond > 0) this.#later(Math.min(pauseMs, firstPauseMs));
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#goOn?.();
    await this.#running;
  }

  get status(): ScrubStatus {
    return {
      passes: this.#passes,
      bytes: this.#bytes,
      faults: this.#faults,
      lastFault: this.#lastFault,
      phase: this.#phase,
    };
  }

  /** A pass as fast as it goes, with turns for others in between; after the one that is under way. Says what it found. */
  async now(): Promise<readonly string[]> {
    this.#hurry += 1;
    this.#goOn?.();
    const found: string[] = [];
    try {
      await this.#run((what) => found.push(what));
    } finally {
      this.#hurry -= 1;
    }
    return found;
  }

  #later(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(delayMs, () => {
      void this.#run(() => {})
        .catch(this.#parts.failed)
        .then(() => this.#later(this.#parts.scrub.pauseMs));
    });
  }

  #run(found: (what: string) => void): Promise<void> {
    const run = this.#running.then(() => this.#pass(found));
    this.#running = run.catch(() => undefined);
    return run;
  }

  async #pass(found: (what: string) => void): Promise<void> {
    if (this.#stopped) return;
    try {
      const isWhole = await this.#parts.pass({
        isOver: () => this.#stopped,
        pace: (bytes) => this.#pace(bytes),
        note: (what) => {
          this.#faults += 1;
          this.#lastFault = what;
          found(what);
        },
        phase: (phase) => {
          this.#phase = phase;
        },
      });
      if (isWhole && !this.#stopped) this.#passes += 1;
    } finally {
      this.#phase = 'waiting';
    }
  }

  async #pace(bytes: number): Promise<void> {
    this.#bytes += bytes;
    const { clock, scrub, yieldTurn } = this.#parts;
    if (this.#stopped || this.#hurry > 0) return yieldTurn();
    const delayMs = Math.max(10, (bytes * 1000) / Math.max(1, scrub.bytesPerSecond));
    await new Promise<void>((resolve) => {
      const timer = clock.after(Math.min(delayMs, longestTimerMs), resolve);
      this.#goOn = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#goOn = null;
  }
}
