import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TanistError } from '../../../foundation/errors.ts';

const timeoutMs = 20_000;

/** Runs one of the system's tools; what it says. Errors: `unavailable` with what it complains of. */
export function runTool(name: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(name, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split('\n')[0];
      const what = said === undefined || said === '' ? error.message : said;
      reject(
        new TanistError('unavailable', `${name} ${args.slice(0, 3).join(' ')} …: ${what}`, { cause: error }),
      );
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** The tools among them that are not on the PATH. */
export async function missingTools(names: readonly string[]): Promise<readonly string[]> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.all(
    names.map(async (name) => {
      const there = await Promise.all(
        folders.map((folder) =>
          access(join(folder, name), constants.X_OK).then(
            () => true,
            () => false,
          ),
        ),
      );
      return there.includes(true);
    }),
  );
  return names.filter((_, n) => found[n] !== true);
}

export const isRoot = (): boolean => process.getuid?.() === 0;
