import type { Entry } from './object-index.ts';
import type { ObjectMeta } from './object-meta.ts';

export interface ScrubResult {
  readonly objects: number;
  readonly bytes: number;
  readonly damaged: number;
}

/** `unknown`: it cannot be read at present. */
export type Checked = 'intact' | 'damaged' | 'unknown';

/** Reads what is still there of these and compares it. `pause` is awaited after each object. */
export async function scrubbed(
  all: readonly ObjectMeta[],
  entryOf: (sha256: string) => Entry | undefined,
  check: (entry: Entry) => Promise<Checked>,
  pause: () => Promise<void>,
): Promise<ScrubResult> {
  let objects = 0;
  let bytes = 0;
  let damaged = 0;
  for (const { sha256 } of all) {
    const entry = entryOf(sha256);
    if (entry === undefined) continue;
    objects++;
    bytes += entry.meta.size;
    if ((await check(entry)) === 'damaged') damaged++;
    await pause();
  }
  return { objects, bytes, damaged };
}
