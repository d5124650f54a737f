/** Lets any number of others wait for the next change of something. */
export class Changes {
  #waiting: (() => void)[] = [];

  /** Resolves at the next `wake`. What changed is looked up then: nobody is told. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
