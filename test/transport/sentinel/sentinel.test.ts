import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { startSentinel } from '../../../src/transport/sentinel/sentinel.ts';
import { realClock, until } from '../harness.ts';
import { hasSetpriv } from './has-setpriv.ts';

const modules = new URL('../../../src/', import.meta.url).href;
/** A process with a sentinel, which says at which port and under which process id. */
const script = `
  const folder = process.argv[1] ?? '';
  if (folder !== '') {
    const { ClassicLevel } = await import('classic-level');
    await new ClassicLevel(folder).open();
  }
  const { startSentinel } = await import('${modules}transport/sentinel/sentinel.js');
  const { systemClock } = await import('${modules}api/system-clock.js');
  const sentinel = await startSentinel('127.0.0.1', systemClock, true);
  console.log(JSON.stringify({ port: sentinel.port, reason: sentinel.reason }));
  setInterval(() => {}, 1000);
`;

/** `beside`: the sentinel, and who watches over the owner for it, in any order. */
async function guarded(folder = ''): Promise<{
  readonly owner: ChildProcess;
  readonly port: number;
  readonly beside: readonly number[];
}> {
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(owner.stdout!, 'data')) as [Buffer];
  const { port } = JSON.parse(String(line)) as { port: number };
  const beside = childrenOf(owner);
  if (beside.length !== 2) throw new Error(`${beside.length} processes beside it`);
  return { owner, port, beside };
}

async function connected(
  port: number,
): Promise<{ readonly socket: Socket; readonly ended: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve('end'));
  });
  socket.resume();
  return { socket, ended };
}

/** Whether anyone does at the port, as the kernel has it. */
function listens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .some((line) => line.includes(`0100007F:${hex} 00000000:0000 0A`));
}

function childrenOf(owner: ChildProcess): readonly number[] {
  const tasks = `/proc/${owner.pid}/task`;
  return readdirSync(tasks)
    .flatMap((thread) => childrenOfThread(`${tasks}/${thread}`).split(' '))
    .filter((pid) => pid.trim() !== '')
    .map(Number);
}

function childrenOfThread(thread: string): string {
  try {
    return readFileSync(`${thread}/children`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

test('a kill of the process resets what is connected, and leaves nothing behind', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  const { owner, port } = await guarded();
  const one = await connected(port);
  const another = await connected(port);
  owner.kill('SIGKILL');
  t.deepEqual(await Promise.all([one.ended, another.ended]), ['ECONNRESET', 'ECONNRESET']);
  await until(() => !listens(port));
});

test('signals that end a service in good order end nothing beside it', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  const { owner, port, beside } = await guarded();
  for (const pid of beside)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
  // A connection made after them is one that the sentinel still holds.
  const { ended } = await connected(port);
  t.true(listens(port));
  t.deepEqual(childrenOf(owner), beside);
  owner.kill('SIGKILL');
  t.is(await ended, 'ECONNRESET');
});

test('whichever of both is ended while their process lives, the other one goes, and neither is left as a zombie', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  for (const which of [0, 1]) {
    const { owner, port, beside } = await guarded();
    const { ended } = await connected(port);
    process.kill(beside[which]!, 'SIGKILL');
    t.is(await ended, 'ECONNRESET');
    await until(() => childrenOf(owner).length === 0);
    t.is(owner.exitCode, null);
    owner.kill('SIGKILL');
  }
});

/** Empty where it was closed since it was listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

test('neither holds a file of their process: what is removed there would keep its room on the disk', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  const folder = mkdtempSync(join(tmpdir(), 'sentinel-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { owner, port, beside } = await guarded(folder);
  t.teardown(() => owner.kill('SIGKILL'));
  const filesOf = (pid: number | undefined): readonly string[] =>
    readdirSync(`/proc/${pid}/fd`)
      .map((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`))
      .filter((path) => path.startsWith(folder));
  t.true(filesOf(owner.pid).length > 0);
  t.deepEqual(beside.flatMap(filesOf), []);
  const { ended } = await connected(port);
  owner.kill('SIGKILL');
  t.is(await ended, 'ECONNRESET');
});

test('closed, it is gone; it says so', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  const sentinel = await startSentinel('127.0.0.1', realClock, true);
  if ('reason' in sentinel) return t.fail(sentinel.reason);
  const { ended } = await connected(sentinel.port);
  sentinel.close();
  await sentinel.ended;
  t.is(await ended, 'ECONNRESET');
  t.false(listens(sentinel.port));
});

test.serial('without setpriv there is none, and why', async (t) => {
  const path = process.env.PATH;
  process.env.PATH = '/nonexistent';
  try {
    t.regex(JSON.stringify(await startSentinel('127.0.0.1', realClock, true)), /^\{"reason":".*ENOENT/);
  } finally {
    process.env.PATH = path;
  }
});

test('an address that is not here is told, not thrown', async (t) => {
  const none = await startSentinel('203.0.113.1', realClock, true);
  t.true('reason' in none && /EADDRNOTAVAIL/.test(none.reason));
});
