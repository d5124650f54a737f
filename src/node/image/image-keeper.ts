import { asError, TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { ImageBatch, ImageStore, IsLive } from '../../ports/image-store.ts';
import type { LogPoint, LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';

/** Until a flush is tried again that found the disk full. */
const retryMs = 500;

export interface ImageKeeperOptions {
  readonly image: ImageStore;
  readonly log: LogStore;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  /** Everything since the last batch. */
  readonly takeBatch: () => ImageBatch;
  /** False while an entry is applied in slices: then there is no batch to take. */
  readonly whole: () => boolean;
  readonly isLive: IsLive;
  readonly compacted: (point: LogPoint) => void;
  readonly failed: (error: Error) => void;
  readonly flushEveryMs: number;
  readonly flushBytes: number;
  /** Log kept on disk; beyond it the older half goes. */
  readonly logDiskBytes: number;
}

/** Of the image, until reclaiming begins. */
const worthwhileGrowth = 1.5;

/** Deltas become bytes while they are young: old objects are dear to the garbage collector. */
const gatherBytes = 128 * 1024;

/**
 * Brings what was applied into the image in the background, and shortens the log behind it. The image is not synced on the hot path:
 * the log is its redo. So before the log is compacted up to i, a synced flush has brought the image to ≥ i.
 */
export class ImageKeeper {
  readonly #options: ImageKeeperOptions;
  #timer: Timer | null = null;
  #working: Promise<void> | null = null;
  #points: { readonly point: LogPoint; readonly bytes: number }[] = [];
  #bytesApplied = 0;
  #bytesSincePoint = 0;
  #stopped = false;
  #paused = false;
  #behind = false;
  /** The first deltas of the next batch are with the image: the rest follows in the turn in which they are whole. */
  #staged = false;
  #bytesBehind = 0;
  /** There was a compaction since the last pass of reclaiming began. */
  #hasDead = false;
  #reclaiming = false;
  /** Somebody waits until nothing is left to gain. */
  #reclaimAll = false;
  /** Chunks that the last pass left. */
  #leftBytes = 0;

  constructor(options: ImageKeeperOptions) {
    this.#options = options;
  }

  /** Entries up to `point` were applied, `bytes` of payload. */
  applied(point: LogPoint, bytes: number): void {
    this.#bytesApplied += bytes + 32;
    this.#bytesSincePoint += bytes + 32;
    if (this.#bytesSincePoint >= this.#options.logDiskBytes / 16) {
      this.#points.push({ point, bytes: this.#bytesApplied });
      this.#bytesSincePoint = 0;
    }
    this.#behind = true;
    this.#bytesBehind += bytes;
    if (this.#staged || this.#bytesBehind >= gatherBytes) this.#gather();
    if (this.#options.image.pendingBytes() >= this.#options.flushBytes) this.#work();
    else this.#workLater(this.#options.flushEveryMs);
  }

  /** The first deltas of the next batch, while an entry is applied in slices. */
  stage(deltas: readonly StateDelta[]): void {
    if (deltas.length === 0) return;
    this.#staged = true;
    this.#options.image.stage(deltas);
  }

  /** A compaction command was applied: history has something to give back. */
  historyCompacted(): void {
    this.#hasDead = true;
  }

  /** Whether what compaction freed still takes room in the image; if so, works on it now. */
  reclaims(): boolean {
    const reclaims = this.#hasDead || this.#reclaiming;
    if (reclaims) {
      this.#reclaimAll = true;
      this.#cancelTimer();
      this.#work();
    }
    return reclaims;
  }

  /** Hands what was applied to the image, in the turn in which it is taken from the state. */
  #gather(): void {
    if (!this.#behind || this.#paused || !this.#options.whole()) return;
    this.#behind = false;
    this.#staged = false;
    this.#bytesBehind = 0;
    this.#options.image.append(this.#options.takeBatch());
  }

  /** All that was applied as a whole is in the image, synced. Fails with `starting` while a snapshot replaces the image. */
  async settle(): Promise<void> {
    this.#cancelTimer();
    await this.#working;
    if (this.#paused) throw new TanistError('starting', 'this node takes a snapshot over; try again later');
    this.#gather();
    await this.#options.image.flush({ sync: true });
  }

  /**
   * A snapshot is about to replace image and state: from now on neither is read or written here. Resolves when nothing is under way.
   */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#working;
    this.#cancelTimer();
  }

  resume(): void {
    this.#paused = false;
    if (this.#behind) this.#workLater(this.#options.flushEveryMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#working;
  }

  /** Nothing of before counts: a snapshot replaced log and image. */
  reset(): void {
    this.#points = [];
    this.#bytesSincePoint = 0;
    this.#behind = false;
    this.#staged = false;
    this.#bytesBehind = 0;
    this.#hasDead = false;
    this.#reclaiming = false;
    this.#reclaimAll = false;
    this.#leftBytes = 0;
  }

  #work(): void {
    if (this.#working !== null || this.#stopped || this.#paused) return;
    this.#working = this.#flushAndCompact()
      .catch((error: unknown) => {
        if (this.#stopped) return;
        // A full disk: nothing was written, and what was appended waits in memory until there is room.
        if (error instanceof TanistError && error.code === 'disk-full') this.#workLater(retryMs);
        else this.#options.failed(asError(error));
      })
      .finally(() => {
        this.#working = null;
      });
  }

  #workLater(delayMs: number): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = null;
      this.#work();
    });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #flushAndCompact(): Promise<void> {
    const { image, log, logDiskBytes, nodeLog } = this.#options;
    this.#gather();
    const target = log.sizeBytes() > logDiskBytes ? this.#compactionPoint() : null;
    if (target === null) {
      await image.flush({ sync: false });
      await this.#reclaim();
      return;
    }
    if (mutant.active !== 'image-before-log') await image.flush({ sync: true });
    await log.compact(target);
    this.#options.compacted(target);
    nodeLog.info('log-compacted', { index: target.index });
  }

  /**
   * A pass reads every chunk and rewrites most of them, so one begins only when the image has grown by half since the last: where revisions are
   * compacted every minute, passes upon passes would write fifty times what clients do.
   */
  async #reclaim(): Promise<void> {
    const { image, isLive } = this.#options;
    if (!this.#reclaiming) {
      if (!this.#hasDead) return;
      if (!this.#reclaimAll && image.chunkBytes() < this.#leftBytes * worthwhileGrowth) return;
      // The pass goes by what the image was told: of a compaction that came during the flush it would know nothing.
      this.#gather();
      if (this.#behind) return;
      this.#hasDead = false;
      this.#reclaiming = true;
    }
    const progress = await image.reclaim(isLive, limits.blockBytes * 4);
    if (progress === 'under-way') return;
    this.#leftBytes = image.chunkBytes();
    this.#reclaiming = progress === 'pass-gained' && this.#reclaimAll;
    // Who still waits says so again.
    this.#reclaimAll = false;
  }

  /** The newest known point that leaves half of the allowed log behind the applied one. */
  #compactionPoint(): LogPoint | null {
    let target: LogPoint | null = null;
    while (this.#points.length > 0) {
      const first = this.#points[0];
      if (first === undefined || this.#bytesApplied - first.bytes < this.#options.logDiskBytes / 2) break;
      target = first.point;
      this.#points.shift();
    }
    return target;
  }
}
