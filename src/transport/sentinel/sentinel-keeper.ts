import type { Clock } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Sentinel, startSentinel } from './sentinel.ts';

export interface SentinelKeeperOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly log: NodeLog;
  /** One has taken the place of another that ended although this process lives: peers must learn of it. */
  readonly replaced: () => void;
  readonly begin: typeof startSentinel;
}

/** So many that end by themselves are replaced; whatever ends them would go on. */
const mostReplaced = 3;

/** Keeps one sentinel for as long as the node's transport is open. */
export class SentinelKeeper {
  readonly #options: SentinelKeeperOptions;
  #sentinel: Sentinel | null = null;
  #replaced = 0;
  #closed = false;

  constructor(options: SentinelKeeperOptions) {
    this.#options = options;
  }

  /** 0: there is none. */
  get port(): number {
    return this.#sentinel?.port ?? 0;
  }

  /** Resolves when there is one, or it is clear that there will be none. */
  async start(): Promise<void> {
    const { host, clock, log, begin } = this.#options;
    const begun = await begin(host, clock, this.#replaced === 0);
    if ('reason' in begun) {
      log.info('sentinel-absent', { reason: begun.reason });
      return;
    }
    if (this.#closed) {
      begun.close();
      return;
    }
    this.#sentinel = begun;
    void begun.ended.then(() => this.#ended(begun));
  }

  close(): void {
    this.#closed = true;
    this.#sentinel?.close();
    this.#sentinel = null;
  }

  /** Somebody ended it; peers hold this process dead until they hear from it again, which is what `replaced` is for. */
  async #ended(sentinel: Sentinel): Promise<void> {
    if (this.#closed || this.#sentinel !== sentinel) return;
    this.#sentinel = null;
    if (this.#replaced++ < mostReplaced) await this.start();
    else this.#options.log.info('sentinel-absent', { reason: `${mostReplaced} were ended by others` });
    if (!this.#closed) this.#options.replaced();
  }
}
