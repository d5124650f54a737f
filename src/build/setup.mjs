// Makes a checkout ready to run: installs the packages of the lock file and builds. Does nothing when up to date.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = (folder) =>
  Math.max(
    0,
    ...readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('generated'))
      .map((entry) => modified(join(entry.parentPath, entry.name))),
  );

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

function step(name, stamp, sourcesMs, act) {
  if (modified(stamp) >= sourcesMs) return;
  process.stderr.write(`tanist: ${name}…\n`);
  act();
  writeFileSync(stamp, '', { flag: 'a' });
  utimesSync(stamp, new Date(), new Date());
}

const lockMs = Math.max(modified(join(root, 'package-lock.json')), modified(join(root, 'package.json')));
step('installing packages (once)', join(root, 'node_modules/.tanist-installed'), lockMs, () =>
  // Not `npm ci`: that refuses a lock file without the optional packages of other platforms. The lock file is followed and never written.
  // No install scripts (.npmrc): what is native comes built in its package, and ONNX Runtime's would load what runs on a GPU.
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error']),
);
const sourcesMs = Math.max(
  newest('src'),
  newest('proto'),
  newest('test'),
  modified(join(root, 'tsconfig.json')),
  lockMs,
);
step('building', join(root, 'dist/.tanist-built'), sourcesMs, () => run('node', ['src/build/build.mjs']));
