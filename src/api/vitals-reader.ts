import { statfs } from 'node:fs/promises';
import { getHeapStatistics } from 'node:v8';
import type { Vitals } from '../node/vitals.ts';

const readEveryMs = 500;

/** This process's memory and the free space of its data folder, read in the background. */
export class VitalsReader {
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  #latest: Vitals = { memoryUsedBytes: null, memoryLimitBytes: null, diskFreeBytes: null, diskBytes: null };

  private constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => void this.#read(), readEveryMs);
    this.#timer.unref();
  }

  /** With the first reading done. */
  static async start(folder: string): Promise<VitalsReader> {
    const reader = new VitalsReader(folder);
    await reader.#read();
    return reader;
  }

  get latest(): Vitals {
    return this.#latest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const disk = await statfs(this.#folder).catch(() => null);
    const heap = getHeapStatistics();
    this.#latest = {
      memoryUsedBytes: heap.used_heap_size,
      memoryLimitBytes: heap.heap_size_limit,
      diskFreeBytes: disk === null ? null : disk.bavail * disk.bsize,
      diskBytes: disk === null ? null : disk.blocks * disk.bsize,
    };
  }
}
