import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';

/** Reads a file of its own in the folder and looks whether that shows. Fails as `config-invalid`. */
export async function probeAccessTimes(folder: string): Promise<void> {
  const probe = join(folder, `.tanist-probe-${process.pid}`);
  try {
    await writeFile(probe, 'read me');
    // Long ago, so that reading it now makes a difference under relatime, too.
    await utimes(probe, 1, 1);
    await readFile(probe);
    if ((await stat(probe)).atimeMs > 1000) return;
  } catch {
    // As if it did not show.
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
  throw new TanistError(
    'config-invalid',
    `reading a file leaves no trace in ${folder} (mounted noatime?); install inotify-tools, or leave --watch out`,
  );
}
