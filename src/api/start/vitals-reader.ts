import { statfs } from 'node:fs/promises';
import { getHeapStatistics } from 'node:v8';
import type { Vitals } from '../../node/vitals.ts';
import { onFullCollection } from './full-collections.ts';

const readEveryMs = 500;
/**
 * V8's limit counts the young generation too (three semi-spaces of 16 MiB where no flag says otherwise), but a process ends when the old one has
 * no room: with a small heap that is far below the limit.
 */
const youngBytes = 3 * 16 * 2 ** 20;
/** Without a limit the system reports one far beyond any memory. */
const noLimitBytes = 2 ** 50;

/** This process's memory and the free space of its data folder, read in the background. */
export class VitalsReader {
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  readonly #forgetCollections: () => void;
  #heapFloorBytes: number | null = null;
  #latest: Vitals = { memoryUsedBytes: null, memoryLimitBytes: null, diskFreeBytes: null, diskBytes: null };

  private constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => void this.#read(), readEveryMs);
    this.#timer.unref();
    // What survives a full collection is in use for sure; all the rest may be garbage.
    this.#forgetCollections = onFullCollection(() => {
      this.#heapFloorBytes = getHeapStatistics().used_heap_size;
    });
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
    this.#forgetCollections();
  }

  async #read(): Promise<void> {
    const disk = await statfs(this.#folder).catch(() => null);
    this.#latest = {
      ...tighter(this.#heapFloorBytes),
      diskFreeBytes: disk === null ? null : disk.bavail * disk.bsize,
      diskBytes: disk === null ? null : disk.blocks * disk.bsize,
    };
  }
}

/** Of the heap's limit and the container's (cgroup) the one that is nearer: a process dies at either. */
function tighter(
  heapFloorBytes: number | null,
): Pick<Vitals, 'memoryUsedBytes' | 'memoryLimitBytes' | 'memoryFloorBytes'> {
  const { used_heap_size: used, heap_size_limit: all } = getHeapStatistics();
  const limit = Math.max(all / 2, all - youngBytes);
  const heap = { memoryUsedBytes: used, memoryLimitBytes: limit, memoryFloorBytes: heapFloorBytes };
  const constrained = process.constrainedMemory();
  if (constrained === undefined || constrained <= 0 || constrained >= noLimitBytes) return heap;
  const resident = process.memoryUsage.rss();
  if (resident / constrained <= used / limit) return heap;
  return { memoryUsedBytes: resident, memoryLimitBytes: constrained, memoryFloorBytes: null };
}
