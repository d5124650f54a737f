import { statfs } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

export interface FreeSpaceOptions {
  /** Writes are refused as `disk-full` when less would be left. */
  readonly reserveBytes: number;
  /** Free space is asked for once per so many bytes written, and before every write while it is short. */
  readonly checkEveryBytes: number;
  /** And before a write when the last answer is older: others fill the disk, too. */
  readonly checkEveryMs: number;
  /** Absent: only what is written counts. */
  readonly clock?: Pick<Clock, 'nowMs'>;
  /** Bytes free for this user; by default the file system's word. */
  readonly freeBytes?: () => Promise<number>;
}

/** Writes up to this size (a vote, a compaction) may use half of the reserve. */
const smallBytes = 4096;

/**
 * Refuses writes before LevelDB is touched. An error of the disk inside LevelDB leaves it unknown what was written and is final, so a full disk must be
 * noticed earlier than by its error. One guard for all databases of a folder.
 */
export class FreeSpace {
  readonly #folder: string;
  readonly #options: FreeSpaceOptions;
  #unchecked: number;
  #askedAtMs = 0;
  #short = false;

  constructor(folder: string, options: FreeSpaceOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#unchecked = options.checkEveryBytes;
  }

  /** Null where there is nothing to wait for. */
  admit(bytes: number): Promise<void> | null {
    this.#unchecked += bytes;
    const { checkEveryBytes, checkEveryMs, clock } = this.#options;
    const isOld = clock !== undefined && clock.nowMs() - this.#askedAtMs >= checkEveryMs;
    return this.#short || isOld || this.#unchecked >= checkEveryBytes ? this.#check(bytes) : null;
  }

  async #check(bytes: number): Promise<void> {
    this.#askedAtMs = this.#options.clock?.nowMs() ?? 0;
    const free = await (this.#options.freeBytes?.() ?? freeBytesOf(this.#folder));
    this.#unchecked = 0;
    const { reserveBytes } = this.#options;
    this.#short = free - bytes < reserveBytes;
    if (free - bytes >= (bytes <= smallBytes ? reserveBytes / 2 : reserveBytes)) return;
    throw new TanistError(
      'disk-full',
      `${Math.floor(free / 1048576)} MiB are free on the disk of ${this.#folder}, ` +
        `${Math.ceil(reserveBytes / 1048576)} MiB are kept in reserve: free some space; writes go on by themselves then`,
    );
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
