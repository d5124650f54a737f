const offered = 0;
const inUse = 1;
const used = 2;
const withdrawn = 3;

/**
 * A descriptor is a number of the whole process, and means something else once its owner has closed it. So the thread that owns one stands still while another
 * thread uses it: nothing can close it meanwhile.
 */
export class Loan {
  readonly #state: Int32Array;

  /** Four bytes, zero: one for each loan. */
  constructor(shared: SharedArrayBuffer) {
    this.#state = new Int32Array(shared);
  }

  /** The owner, which has told the other thread: waits for at most so many ms for it to begin. False: it did not use it, and will not. */
  wait(ms: number): boolean {
    Atomics.wait(this.#state, 0, offered, ms);
    if (Atomics.compareExchange(this.#state, 0, offered, withdrawn) === offered) return false;
    Atomics.wait(this.#state, 0, inUse);
    return Atomics.load(this.#state, 0) === used;
  }

  /** The other thread, once: `use` returns whether it made use of it. Nothing is done where the owner goes on already. */
  use(use: () => boolean): void {
    if (Atomics.compareExchange(this.#state, 0, offered, inUse) !== offered) return;
    let isUsed = false;
    try {
      isUsed = use();
    } finally {
      Atomics.store(this.#state, 0, isUsed ? used : withdrawn);
      Atomics.notify(this.#state, 0);
    }
  }
}
