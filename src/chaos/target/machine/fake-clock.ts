import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../member-processes.ts';
import type { Beginning } from '../network.ts';
import { requiredTool, runTool } from './run-tool.ts';

const library = 'libfaketime.so.1';
const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];

export type FakeTime =
  | { readonly kind: 'works'; readonly file: string }
  /** Why no clock can be set wrong here. */
  | { readonly kind: 'lacking'; readonly why: string };

/** Whether processes of Node can be given a wrong clock: tried with one, since a library that does not load is only a line on its stderr. */
export async function fakeTime(
  installed: () => Promise<string | null> = installedLibrary,
): Promise<FakeTime> {
  const file = await installed();
  if (file === null) return { kind: 'lacking', why: 'libfaketime is not installed (Debian: libfaketime)' };
  const aheadMs = 3_600_000;
  const [, ...settings] = withClock(file, { offsetMs: aheadMs, rate: 1 }).prefix;
  const told = await runTool('env', [...settings, process.execPath, '-p', 'Date.now()']).catch(() => '');
  return Number(told) - Date.now() > aheadMs / 2
    ? { kind: 'works', file }
    : { kind: 'lacking', why: `${file} does not change the time of a process (install libfaketime anew)` };
}

async function installedLibrary(): Promise<string | null> {
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
