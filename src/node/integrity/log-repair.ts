import { asError, TanistError } from '../../foundation/errors.ts';
import type { LogIndex } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import type { LogPoint, LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';

export interface LogRepairOptions {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly log: LogStore;
  readonly image: ImageStore;
  /** All that was applied is in the image, synced. Fails while the state is not whole. */
  readonly settle: () => Promise<void>;
  readonly compacted: (point: LogPoint) => void;
  readonly stopped: () => boolean;
  readonly failed: (error: Error) => void;
}

const retryMs = 300;

/**
 * Blocks of the log that the disk has lost while this node runs. What was applied is in the image; what was not yet is in memory, and will
 * be applied before long. So the log is made anew behind what the image holds, and nothing that was acknowledged is missing. Should the
 * node crash before, its next start finds the damage, and does not trust that log (storage/open-or-rescue.ts).
 */
export class LogRepair {
  readonly #options: LogRepairOptions;
  #through: LogIndex | null = null;

  constructor(options: LogRepairOptions) {
    this.#options = options;
  }

  get underWay(): boolean {
    return this.#through !== null;
  }

  /** A block that ends at `through` is not what was written. */
  damaged(what: string, through: LogIndex): void {
    const { nodeLog } = this.#options;
    if (this.#through === null) {
      nodeLog.error('damage-found', { part: 'log', what });
      this.#through = through;
      this.#try();
    } else if (through > this.#through) this.#through = through;
  }

  #try(): void {
    const { clock, failed, stopped } = this.#options;
    this.#repair().then(
      (done) => {
        if (!done && !stopped()) clock.after(retryMs, () => this.#try());
      },
      (error: unknown) => {
        if (stopped()) return;
        const waits = error instanceof TanistError && waitFor.includes(error.code);
        if (waits) clock.after(retryMs, () => this.#try());
        else failed(asError(error));
      },
    );
  }

  async #repair(): Promise<boolean> {
    const { log, image, settle, compacted, nodeLog, stopped } = this.#options;
    await settle();
    const point = (await image.flush({ sync: true }))?.point;
    if (stopped() || point === undefined || point.index < (this.#through ?? 0)) return false;
    await log.renew(point);
    compacted(point);
    this.#through = null;
    nodeLog.info('rebuilt', { part: 'log', index: point.index });
    return true;
  }
}

/** The state is not whole at present, there is no room, or a block that is not applied yet is damaged as well. */
const waitFor: readonly string[] = ['starting', 'under-doubt', 'disk-full', 'data-damaged'];
