import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TanistError } from '../foundation/errors.ts';

/** Fails unless the program is on the PATH. */
export async function requireTool(name: string, from: string): Promise<void> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw new TanistError(
    'unavailable',
    `${name} is not on the PATH; install it (${from}) or leave --against out`,
  );
}
