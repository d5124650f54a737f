// Records src/cli/bench/dependencies/lock-files.txt: what `npm install` locks for published tools, month by month, as the registry was then.
// node src/build/record-lock-files.mjs FIRST-MONTH MONTHS PACKAGE… (such as 2025-02 15 eslint jest). Needs npm and its registry; what was fetched stays in TMPDIR.
// The last month is really installed, for the sizes, which metadata does not tell everywhere.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const target = join(dirname(fileURLToPath(import.meta.url)), '../cli/bench/dependencies/lock-files.txt');
const [firstMonth = '', months = '', ...projects] = process.argv.slice(2);
const work = join(tmpdir(), 'record-lock-files');
const cache = join(work, 'npm-cache');
const npm = async (cwd, ...args) =>
  (await promisify(execFile)('npm', [...args, '--cache', cache], { cwd, maxBuffer: 2 ** 26 })).stdout;

/** Each tool on a day of its own, so that none has all its news from another. */
function dayOf(month, project) {
  const date = new Date(`${firstMonth}-01T12:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + month);
  date.setUTCDate(1 + 2 * projects.indexOf(project));
  return date.toISOString().slice(0, 10);
}

/** What `npm ci` on 64-bit Linux asks for: `name version` of each tarball. `install`: really, so that the tarballs are in npm's cache. */
async function locked(project, day, install) {
  const folder = join(work, 'lock');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{}');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', `--before=${day}`];
  await npm(folder, 'install', ...options, ...(install ? [] : ['--package-lock-only']), project);
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
  const allows = (list, own) => list === undefined || list.includes(own);
  const asked = Object.entries(packages).flatMap(
    ([path, { name, version, link, inBundle, os, cpu, libc }]) =>
      path === '' || link || inBundle || !allows(os, 'linux') || !allows(cpu, 'x64') || !allows(libc, 'glibc')
        ? []
        : [`${name ?? path.split('node_modules/').at(-1)} ${version}`],
  );
  return [...new Set(asked)];
}

/** Of the tarballs in npm's cache, in KiB, by `name version`; and by name, of one of its versions. */
async function sizes() {
  const npmFolder = join((await npm(work, 'root', '--global')).trim(), 'npm');
  const cacache = createRequire(join(npmFolder, 'package.json'))('cacache');
  const found = new Map();
  for (const { key, size } of Object.values(await cacache.ls(join(cache, '_cacache')))) {
    const [, name, file] =
      /:\/\/[^/]+\/(?:.*?\/)??((?:@[^/]+\/)?[^/@]+)\/-\/(.*)\.tgz$/.exec(decodeURIComponent(key)) ?? [];
    if (name === undefined) continue;
    const kibibytes = Math.ceil(size / 1024);
    found.set(name, kibibytes).set(`${name} ${file.slice(name.split('/').at(-1).length + 1)}`, kibibytes);
  }
  return found;
}

await mkdir(work, { recursive: true });
const lockFiles = [];
for (let month = 0; month < Number(months); month++)
  for (const project of projects) {
    const day = dayOf(month, project);
    try {
      lockFiles.push({ project, day, items: await locked(project, day, month === Number(months) - 1) });
    } catch (error) {
      console.error(
        `${day} ${project}: left out, ${/npm error .*/.exec(error.stderr ?? '')?.[0] ?? error.message}`,
      );
    }
  }

const all = [...new Set(lockFiles.flatMap(({ items }) => items))].sort();
const numbers = new Map(all.map((item, i) => [item, i]));
const bytes = await sizes();
const tables = new Map();
for (const item of all) {
  const [name, version] = item.split(' ');
  tables.set(name, `${tables.get(name) ?? name} ${version}=${bytes.get(item) ?? bytes.get(name) ?? ''}`);
}
const before = new Map();
const deltas = lockFiles.map(({ project, day, items }) => {
  const now = new Set(items.map((item) => numbers.get(item)));
  const then = before.get(project) ?? new Set();
  before.set(project, now);
  const minus = [...then].filter((item) => !now.has(item)).map((item) => `-${item}`);
  const plus = [...now].filter((item) => !then.has(item)).map((item) => `+${item}`);
  return [day, project, ...minus, ...plus].join(' ');
});
await writeFile(
  target,
  `# What npm ${(await npm(work, '--version')).trim()} locked for published tools as the registry was on each day, recorded ${new Date().toISOString().slice(0, 10)}:
# node src/build/record-lock-files.mjs ${process.argv.slice(2).join(' ')}
# First the packages, each version with the size of its tarball in KiB (of those locked last; other versions are taken to be as large; none: not known), numbered
# from 0 in this order; then the lock files: what each has less and more than the one before of that tool, without what 64-bit Linux does not install.
${[...tables.values()].join('\n')}

${deltas.join('\n')}
`,
);
