import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../member-processes.ts';
import type { Beginning } from '../network.ts';
import { requiredTool } from './run-tool.ts';

const library = 'libfaketime.so.1';
const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];

/** Where libfaketime is installed; null: nowhere. */
export async function fakeTimeLibrary(): Promise<string | null> {
  // Debian has a folder for each architecture between.
  const nested = (await readdir('/usr/lib').catch(() => [])).map((name) => join('/usr/lib', name));
  for (const folder of [...folders, ...nested]) {
    for (const file of [join(folder, 'faketime', library), join(folder, library)]) {
      const found = await access(file).then(
        () => true,
        () => false,
      );
      if (found) return file;
    }
  }
  return null;
}

/**
 * A process whose clock is set wrong by `offsetMs` and runs `rate` times as fast (libfaketime's README). An offset is of the wall clock alone: the monotonic one has no
 * zero to be off from. A rate is that of the crystal behind both, so the monotonic one drifts with it; timers then last longer or shorter, as they do there.
 */
export function withClock(file: string, { offsetMs, rate }: Clock): Beginning {
  const offset = `${offsetMs < 0 ? '-' : '+'}${(Math.abs(offsetMs) / 1000).toFixed(3)}`;
  // Through `env`, so that no other program of the prefix is loaded with it.
  const prefix = [
    requiredTool('env'),
    `LD_PRELOAD=${[file, process.env.LD_PRELOAD].filter((one) => one !== undefined).join(':')}`,
    `FAKETIME=${offset}${rate === 1 ? '' : ` x${rate}`}`,
    `FAKETIME_DONT_FAKE_MONOTONIC=${rate === 1 ? 1 : 0}`,
    `DONT_FAKE_MONOTONIC=${rate === 1 ? 1 : 0}`,
  ];
  return { prefix, flags: [], env: {} };
}
