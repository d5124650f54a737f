// Programs that some tests compare with, for machines that lack them: `npm run test:tools`. Without them those tests say that they skip.
import { spawnSync } from 'node:child_process';

/** Program → Debian package that has it. */
const tools = { etcd: 'etcd-server', etcdctl: 'etcd-client', h2load: 'nghttp2-client' };

const isThere = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
const missing = Object.entries(tools).filter(([program]) => !isThere(program));
if (missing.length === 0) {
  console.log(`${Object.keys(tools).join(', ')}: all there`);
  process.exit(0);
}
const packages = missing.map(([, name]) => name);
const names = missing.map(([program]) => program).join(', ');
const isDebian = spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error === undefined;
if (!isDebian || process.getuid?.() !== 0) {
  console.error(`missing: ${names}. As root on Debian or Ubuntu: apt-get install ${packages.join(' ')}`);
  process.exit(1);
}
// Packages of servers start them; nothing here wants one that runs by itself.
const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { stdio: 'inherit', env }).status === 0;
const installed = apt('update') && apt('install', '-y', '--no-install-recommends', ...packages);
const left = missing.filter(([program]) => !isThere(program)).map(([program]) => program);
if (!installed || left.length > 0) {
  console.error(`could not install ${packages.join(', ')}; still missing: ${left.join(', ') || 'nothing'}`);
  process.exit(1);
}
console.log(`installed: ${names}. If a service was started with them, stop it: systemctl disable --now etcd`);
