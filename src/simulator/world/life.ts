import type { Scheduler } from './scheduler.ts';

/**
 * One incarnation of a process. Everything from outside reaches it through `enter`: a dead process gets nothing any more, a paused one
 * gets it when it goes on. A crash needs no help from the code that it hits.
 */
export class Life {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #failed: (error: unknown) => void;
  readonly #entered: () => void;
  #dead = false;
  #paused = false;
  #pauses = 0;
  #backlog: (() => void)[] = [];

  constructor(
    name: string,
    scheduler: Scheduler,
    failed: (error: unknown) => void,
    entered: () => void = () => {},
  ) {
    this.name = name;
    this.#entered = entered;
    this.#scheduler = scheduler;
    this.#failed = failed;
  }

  get dead(): boolean {
    return this.#dead;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** So far, the present one too. */
  get pauses(): number {
    return this.#pauses;
  }

  /** Runs `act` inside the process, now or when it goes on. */
  enter(act: () => void): void {
    if (this.#dead) return;
    if (this.#paused) {
      this.#backlog.push(act);
      return;
    }
    this.#entered();
    try {
      act();
    } catch (error) {
      this.#failed(error);
    }
  }

  end(): void {
    this.#dead = true;
    this.#backlog = [];
  }

  pause(): void {
    if (!this.#paused) this.#pauses += 1;
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const waiting = this.#backlog;
    this.#backlog = [];
    for (const act of waiting) this.#scheduler.after(0, () => this.enter(act));
  }
}
