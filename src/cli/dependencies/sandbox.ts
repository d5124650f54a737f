import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';

export interface Installed {
  readonly wallMs: number;
  readonly packages: number;
}

/**
 * A real `npm install` of a lock file in a new folder, with empty caches. Not `npm ci`: that refuses a lock file without the optional packages of other
 * platforms. The lock file is followed and not written. `registry`: null for the one that npm is configured for.
 */
export async function installIn(
  folder: string,
  project: string,
  registry: string | null,
): Promise<Installed> {
  await mkdir(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    await copyFile(join(project, file), join(folder, file));
  const args = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
    '--cache',
    join(folder, '.npm-cache'),
    // Addresses in a lock file name the registry that wrote it.
    '--replace-registry-host=always',
    ...(registry === null ? [] : ['--registry', registry]),
  ];
  const startMs = performance.now();
  await npm(args, folder);
  const wallMs = performance.now() - startMs;
  return { wallMs, packages: await countPackages(join(folder, 'node_modules')) };
}

function npm(args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    child.stderr.on('data', (text: Buffer) => {
      tail = (tail + text.toString('utf8')).slice(-2000);
    });
    const stop = (): void => void child.kill('SIGKILL');
    process.once('exit', stop);
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('exit', stop);
      if (code === 0) resolve();
      else reject(new TanistError('unavailable', `npm ended with ${code}: ${tail.trim()}`));
    });
  });
}

async function countPackages(folder: string): Promise<number> {
  let count = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const below = join(folder, entry.name);
    if (entry.name.startsWith('@')) count += await countPackages(below);
    else count += 1 + (await countPackages(join(below, 'node_modules')));
  }
  return count;
}
