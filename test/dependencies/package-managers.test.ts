import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fakePackage, packument, startFakeRegistry } from './fake-registry.ts';
import { Fleet } from './fleet.ts';
import { fetchTool, runTool } from './tools.ts';

interface Manager {
  readonly spec: string;
  /** Its program in the package. */
  readonly script: string;
  readonly lockFile: string;
  readonly install: (registry: string, home: string, isLocked: boolean) => readonly string[];
  readonly environment?: (registry: string, home: string) => Readonly<Record<string, string>>;
}

const pnpm = (spec: string): Manager => ({
  spec,
  script: 'bin/pnpm.cjs',
  lockFile: 'pnpm-lock.yaml',
  install: (registry, home, isLocked) => [
    'install',
    isLocked ? '--frozen-lockfile' : '--no-frozen-lockfile',
    `--registry=${registry}`,
    `--store-dir=${join(home, 'store')}`,
    `--cache-dir=${join(home, 'cache')}`,
  ],
});

const managers: readonly Manager[] = [
  pnpm('pnpm@9'),
  pnpm('pnpm@10'),
  {
    spec: 'yarn@1',
    script: 'bin/yarn.js',
    lockFile: 'yarn.lock',
    install: (registry, home, isLocked) => [
      ...['install', '--non-interactive', '--registry', registry, '--cache-folder', join(home, 'cache')],
      ...(isLocked ? ['--frozen-lockfile'] : []),
    ],
  },
  {
    spec: '@yarnpkg/cli-dist@4',
    script: 'bin/yarn.js',
    lockFile: 'yarn.lock',
    install: (_registry, _home, isLocked) => ['install', isLocked ? '--immutable' : '--no-immutable'],
    environment: (registry, home) => ({
      YARN_NPM_REGISTRY_SERVER: registry,
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
      YARN_NODE_LINKER: 'node-modules',
      YARN_GLOBAL_FOLDER: join(home, 'global'),
      YARN_ENABLE_TELEMETRY: '0',
      // A fleet of sandboxes, and not a pull request of a stranger.
      YARN_ENABLE_HARDENED_MODE: '0',
    }),
  },
];

const dependencies = { left: '^1.0.0', '@scope/right': '^1.0.0' };
const names = ['left', '@scope/right', 'low'];

for (const manager of managers)
  test.serial(`${manager.spec} installs through two agents: the second has all from the first`, async (t) => {
    t.timeout(120_000);
    const home = await mkdtemp(join(tmpdir(), 'tanist-manager-'));
    t.teardown(() => rm(home, { recursive: true, force: true }));
    const tool = await fetchTool(manager.spec, join(home, 'tool'), manager.script);
    if ('lack' in tool) {
      t.log(`skipped: ${tool.lack}`);
      return t.pass();
    }
    const left = fakePackage('left', 100_000, { '@scope/right': '^1.0.0' });
    const packages = [left, fakePackage('@scope/right', 10, { low: '1.0.0' }), fakePackage('low')];
    const upstream = await startFakeRegistry(packages);
    const fleet = new Fleet();
    t.teardown(async () => {
      await fleet.stop();
      await upstream.stop();
    });
    const [one, two] = [await fleet.agent('one', upstream.url), await fleet.agent('two', upstream.url)];
    let lock = '';
    for (const [i, agent] of [one, two, one].entries()) {
      const own = join(home, String(i));
      const folder = join(own, 'app');
      await mkdir(folder, { recursive: true });
      const project = { name: 'app', version: '1.0.0', private: true, dependencies };
      await writeFile(join(folder, 'package.json'), JSON.stringify(project));
      // On machines of their own the addresses of both are one, 127.0.0.1:4873: yarn 1 goes where its lock file says.
      const known = lock.replaceAll(/127\.0\.0\.1:\d+/g, agent.address);
      if (lock !== '') await writeFile(join(folder, manager.lockFile), known);
      const registry = `http://${agent.address}`;
      const args = [tool.script, ...manager.install(registry, own, lock !== '')];
      await runTool(process.execPath, args, own, folder, manager.environment?.(registry, own));
      for (const name of names.slice(0, 2)) {
        const manifest = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
        t.is(JSON.parse(manifest).name, name);
      }
      lock = await readFile(join(folder, manager.lockFile), 'utf8');
    }
    const { dist } = packument(upstream, left).versions['1.0.0']!;
    // yarn from 2 on has checksums of its own, of what it packs anew.
    if (!manager.spec.startsWith('@')) t.true(lock.includes(dist.integrity));
    const { counts } = two.stats();
    t.is(counts.upstreamBytes, 0);
    t.true(counts.peerBytes > 100_000);
    t.is(counts.failures + one.stats().counts.failures, 0);
    t.is(upstream.askedFor('.tgz'), 3);
    for (const name of names) t.is(upstream.asked.get(`/${name}`), 1, name);
  });
