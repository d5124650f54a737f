/** Waits of others for something that goes on here. */
export class Progress {
  #wake: (() => void) | null = null;

  /** It went on. */
  made(): void {
    this.#wake?.();
  }

  /** Until it is so, for `patienceMs` at most. One wait at a time. */
  async until(isSo: () => boolean, patienceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | null = null;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
      this.#wake = () => {
        if (isSo()) resolve();
      };
      this.#wake();
    });
    if (timer !== null) clearTimeout(timer);
    this.#wake = null;
  }
}
