import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';

export interface Installed {
  readonly wallMs: number;
  readonly packages: number;
}

/**
 * A real `npm ci` of a project's lock file in a new folder, with empty caches. `registry`: null for the one that npm is configured for.
 */
export async function installIn(
  folder: string,
  project: string,
  registry: string | null,
): Promise<Installed> {
  await mkdir(folder, { recursive: true });
  await copyFile(join(project, 'package.json'), join(folder, 'package.json'));
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as LockFile;
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(withoutUnlocked(lock)));
  const args = [
    'ci',
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

export interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

/**
 * Without the optional packages that it names and does not lock, as of platforms that the registry which wrote it had none for: `npm ci` refuses such a lock
 * file, and installs none of them here.
 */
export function withoutUnlocked<T extends LockFile>(lock: T): T {
  const packages = Object.entries(lock.packages).map(([path, each]) => {
    if (each.optionalDependencies === undefined) return [path, each] as const;
    const locked = Object.entries(each.optionalDependencies).filter(([name]) => isLocked(lock, path, name));
    return [path, { ...each, optionalDependencies: Object.fromEntries(locked) }] as const;
  });
  return { ...lock, packages: Object.fromEntries(packages) };
}

/** As Node.js looks for it: below the package, then beside it and beside those that it is in. */
function isLocked({ packages }: LockFile, path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === '') return false;
  }
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
