import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  link,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';

/** Whose lock it is: a process number alone says nothing, since in a container each start has the same. */
interface Owner {
  readonly token: string;
  readonly pid: number;
  /** Of the process, in ticks since the boot; empty: this system does not say. */
  readonly started: string;
  /** Where the number counts: this boot of this machine, and the namespace of processes; empty: this system does not say. */
  readonly world: string;
}

export interface FolderLock {
  release(): Promise<void>;
}

const renewMs = 3000;
/** A lock whose process cannot be looked at from here counts for so long after it was renewed. */
const goneMs = 4 * renewMs;
const lookMs = 500;

/** The locks of this process: for a folder that is asked for twice in it. */
const ours = new Set<string>();

/**
 * A folder for one process at a time, on this machine or another that has the same volume. Where the owner's process can be looked at it counts
 * while that lives; else while it renews the lock, so the next one waits some seconds after a machine or a container was lost. Fails as `data-locked`,
 * `data-not-writable`.
 */
export async function lockFolder(file: string, folder: string, clock: Clock): Promise<FolderLock> {
  const own: Owner = { token: randomBytes(16).toString('hex'), pid: process.pid, ...(await here()) };
  const text = JSON.stringify(own);
  let handle: FileHandle | null = null;
  for (;;) {
    handle = await taken(file, folder, text);
    if (handle !== null) break;
    const there = await readFile(file, 'utf8').catch(() => null);
    if (there === null) continue;
    switch (await verdict(decoded(there), file, own)) {
      case 'lives':
        throw new TanistError(
          'data-locked',
          `another agent uses the cache ${folder}; give this one a folder of its own with --cache`,
        );
      case 'unsure':
        if (!(await hasEnded(file, there, folder, clock))) continue;
        break;
      case 'gone':
    }
    await putAside(file, there, own.token);
  }
  const held = handle;
  ours.add(own.token);
  let timer: Timer = clock.after(renewMs, () => void renew());
  const isOurs = async (): Promise<boolean> =>
    decoded(await readFile(file, 'utf8').catch(() => ''))?.token === own.token;
  const renew = async (): Promise<void> => {
    if (!ours.has(own.token)) return;
    // Of this very file, whoever has put another one in its place by now; and written, so that its time is the file system's.
    await held.write(text, 0).catch(() => undefined);
    if (ours.has(own.token)) timer = clock.after(renewMs, () => void renew());
  };
  return {
    release: async () => {
      ours.delete(own.token);
      timer.cancel();
      if (await isOurs()) await rm(file, { force: true });
      await held.close();
    },
  };
}

/** Null: somebody has it. */
async function taken(file: string, folder: string, text: string): Promise<FileHandle | null> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, 'wx');
    await handle.write(text, 0);
    return handle;
  } catch (error) {
    await handle?.close();
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw new TanistError(
      'data-not-writable',
      `the cache ${folder} cannot be written: ${asError(error).message}`,
    );
  }
}

async function verdict(owner: Owner | null, file: string, own: Owner): Promise<'lives' | 'gone' | 'unsure'> {
  if (owner !== null && ours.has(owner.token)) return 'lives';
  if (owner !== null && own.world !== '' && owner.world === own.world)
    return (await startOf(owner.pid)) === owner.started ? 'lives' : 'gone';
  return (await sinceRenewedMs(file)) >= goneMs ? 'gone' : 'unsure';
}

/** Until nobody renewed it for long enough; false: it is another one by now. Fails as `data-locked` where somebody does. */
async function hasEnded(file: string, there: string, folder: string, clock: Clock): Promise<boolean> {
  const before = await renewedMs(file);
  while ((await sinceRenewedMs(file)) < goneMs) {
    await new Promise<void>((resolve) => void clock.after(lookMs, resolve));
    if ((await readFile(file, 'utf8').catch(() => '')) !== there) return false;
    if ((await renewedMs(file)) !== before)
      throw new TanistError(
        'data-locked',
        `an agent on another machine or in another container uses the cache ${folder}; give this one a folder of its own with --cache`,
      );
  }
  return true;
}

/** A lock that counts for nothing goes; one that somebody else has taken by now comes back. */
async function putAside(file: string, dead: string, token: string): Promise<void> {
  const aside = `${file}.${token}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => dead);
  // The very file, which its owner holds open.
  if (moved !== dead) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** By the clock of the file system, which may be another machine's. */
async function sinceRenewedMs(file: string): Promise<number> {
  const probe = `${file}.now`;
  await writeFile(probe, '').catch((error: unknown) => {
    throw new TanistError('data-not-writable', `${probe} cannot be written: ${asError(error).message}`);
  });
  const [nowMs, thenMs] = [await renewedMs(probe), await renewedMs(file)];
  await rm(probe, { force: true });
  return thenMs === 0 ? Number.POSITIVE_INFINITY : nowMs - thenMs;
}

const renewedMs = (file: string): Promise<number> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function here(): Promise<Pick<Owner, 'started' | 'world'>> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return { started: await startOf(process.pid), world: `${boot} ${await readlink('/proc/self/ns/pid')}` };
  } catch {
    return { started: '', world: '' };
  }
}

/** proc(5): the 22nd value of `/proc/PID/stat`; the second, a name in brackets, may hold anything. Empty: there is no such process. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Null: it is of another kind, or not wholly written. */
function decoded(text: string): Owner | null {
  try {
    const { token, pid, started, world } = JSON.parse(text) as Partial<Owner>;
    if (typeof token !== 'string' || typeof started !== 'string' || typeof world !== 'string') return null;
    return typeof pid === 'number' && Number.isSafeInteger(pid) ? { token, pid, started, world } : null;
  } catch {
    return null;
  }
}
