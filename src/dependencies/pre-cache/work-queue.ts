/** One thing after another. What is asked for again while it waits is done once, with what was said last. */
export class WorkQueue {
  readonly #waiting = new Map<string, () => Promise<void>>();
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | null = null;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get length(): number {
    return this.#waiting.size;
  }

  /** Keeps its place where it waits already. */
  add(name: string, act: () => Promise<void>): void {
    this.#waiting.set(name, act);
    this.#running ??= this.#run();
  }

  /** All that is asked for so far. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    for (const [name, act] of this.#waiting) {
      this.#waiting.delete(name);
      try {
        await act();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#running = null;
  }
}
