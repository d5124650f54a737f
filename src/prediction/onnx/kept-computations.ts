import { type Computation, compile } from './computation.ts';
import type { Graph } from './graph.ts';

export interface KeptOptions {
  /** How long one stays compiled after its last use, ms. */
  readonly idleMs: number;
  /** Idle ones kept at most; beyond that the longest idle goes. */
  readonly mostIdle: number;
  readonly compile: (graph: Graph) => Promise<Computation>;
  /** Must not hold the process. */
  readonly schedule: (delayMs: number, act: () => void) => { cancel(): void };
}

const keptDefaults: KeptOptions = {
  idleMs: 60_000,
  mostIdle: 2,
  compile,
  schedule: (delayMs, act) => {
    const timer = setTimeout(act, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

interface Kept {
  readonly compiled: Promise<Computation>;
  users: number;
  /** Set while nobody uses it. */
  release: { cancel(): void } | null;
}

/**
 * Compiled graphs that outlive their use for a while: a large one takes longer to compile than many a training takes. A computation keeps nothing
 * from one run to the next, so that all who want the same one share it.
 */
export class KeptComputations {
  readonly #options: KeptOptions;
  /** By key, the longest unused first. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: Partial<KeptOptions> = {}) {
    this.#options = { ...keptDefaults, ...options };
  }

  /**
   * The computation of this key, compiled if there is none; `close` gives it back. Equal keys mean equal graphs.
   *
   * @throws what `compile` throws
   */
  async use(key: string, graph: () => Graph): Promise<Computation> {
    const kept = this.#kept.get(key) ?? {
      compiled: this.#options.compile(graph()),
      users: 0,
      release: null,
    };
    this.#kept.set(key, kept);
    kept.release?.cancel();
    kept.release = null;
    kept.users += 1;
    const computation = await kept.compiled.catch((error: unknown) => {
      // Compiled anew by whoever asks next.
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
      throw error;
    });
    let used = true;
    return {
      run: (inputs) => computation.run(inputs),
      close: async () => {
        if (!used) return;
        used = false;
        kept.users -= 1;
        if (kept.users === 0) await this.#idle(key, kept);
      },
    };
  }

  async #idle(key: string, kept: Kept): Promise<void> {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    // In a timer nobody hears of a failure; what is released is used no more.
    kept.release = this.#options.schedule(
      this.#options.idleMs,
      () => void this.#close(key, kept).catch(() => {}),
    );
    const idle = [...this.#kept].filter(([, { users }]) => users === 0);
    for (const [old, each] of idle.slice(0, Math.max(0, idle.length - this.#options.mostIdle)))
      await this.#close(old, each);
  }

  async #close(key: string, kept: Kept): Promise<void> {
    this.#kept.delete(key);
    kept.release?.cancel();
    await (await kept.compiled).close();
  }
}
