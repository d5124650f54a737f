// Builds dist/: message types from proto/, then TypeScript. Writes only to dist/ and src/protocol/generated/.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const generated = join(root, 'src/protocol/generated');
const code = join(generated, 'messages.js');
const types = join(generated, 'messages.d.ts');

function run(tool, ...args) {
  const { status } = spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const protos = readdirSync(join(root, 'proto'), { recursive: true })
  .map((name) => join(root, 'proto', name))
  .filter((path) => path.endsWith('.proto'))
  .sort();

if (Math.min(modified(code), modified(types)) < Math.max(...protos.map(modified))) {
  mkdirSync(generated, { recursive: true });
  run(
    'pbjs',
    '-t',
    'static-module',
    '-w',
    'esm',
    '-p',
    'proto',
    '--dependency',
    'protobufjs/minimal.js',
    '--no-verify',
    '--no-delimited',
    '--no-typeurl',
    '-o',
    code,
    ...protos.map((path) => relative(root, path)),
  );
  run('pbts', '-o', types, code);
}
const target = join(root, 'dist', relative(root, generated));
mkdirSync(target, { recursive: true });
for (const file of [code, types]) copyFileSync(file, join(target, relative(generated, file)));
// What a benchmark reads.
const recorded = 'src/cli/bench/dependencies/lock-files.txt';
mkdirSync(dirname(join(root, 'dist', recorded)), { recursive: true });
copyFileSync(join(root, recorded), join(root, 'dist', recorded));
run('tsc');

// What was compiled from a source that is gone must not run on, least of all a test.
for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
  const source = /^(src|test)[\\/](?!.*generated).*(?=\.js$|\.d\.ts$|\.js\.map$)/.exec(name)?.[0];
  if (source !== undefined && !existsSync(join(root, `${source.replace(/\.(js|d)$/, '')}.ts`)))
    rmSync(join(root, 'dist', name));
}

// The command, as package.json names it: what npm links is this file, and linking alone makes it executable only once.
chmodSync(join(root, 'dist/src/cli/main.js'), 0o755);
