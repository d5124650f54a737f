import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Database, Disk, OpenedDatabase } from '../../ports/database.ts';
import { damaged } from '../record-codec.ts';
import { codeOf, reason } from './causes.ts';
import { diskFull, isDiskFull, prepareFolder, unwritable } from './data-folder.ts';
import { nextEvidence, pruneEvidence, setAside } from './evidence.ts';
import { FreeSpace } from './free-space.ts';
import { type LevelDatabaseOptions, openLevelDatabase } from './level-database.ts';
import { inspectTables } from './table-inspection.ts';
import { sync } from './write-ahead-files.ts';
import { cutWriteAhead, inspectWriteAhead } from './write-ahead-inspection.ts';

export interface LevelDiskOptions {
  /** Free bytes below which writes are refused as `disk-full`. Default 64 MiB. */
  readonly reserveBytes?: number;
  /** Bytes written between two looks at the free space. Default 4 MiB. */
  readonly checkEveryBytes?: number;
  /** Tells how old the last such look is: after 50 ms there is another before the next write. Absent: bytes alone decide. */
  readonly clock?: Pick<Clock, 'nowMs'>;
  /** What is set aside of one database takes at most so much. Default 1 GiB. */
  readonly evidenceBytes?: number;
  /** For tests: what is free. */
  readonly freeBytes?: () => Promise<number>;
  /** Per database name. Default 16 MiB write buffer, 8 MiB files. */
  readonly databases?: Readonly<Record<string, LevelDatabaseOptions>>;
}

export interface LevelDisk extends Disk {
  /** Releases the folder. The databases are closed before. */
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
/** A disk of 200 MB/s fills 10 MB meanwhile, less than the reserve; a look takes some 20 µs. */
const checkEveryMs = 50;
const defaultDatabase: LevelDatabaseOptions = { writeBufferBytes: 16 * mebibyte, maxFileBytes: 8 * mebibyte };

/**
 * A node's data folder: one LevelDB a name. Takes the folder's lock, which the operating system releases however the process ends.
 * Errors: `data-locked`, `data-unreadable`, `data-not-writable`, `disk-full`.
 */
export async function openLevelDisk(folder: string, options: LevelDiskOptions = {}): Promise<LevelDisk> {
  await prepareFolder(folder);
  const lock = await takeLock(folder);
  try {
    await finishReplace(folder);
  } catch (cause) {
    await lock.close();
    throw unwritable(folder, cause);
  }
  const { evidenceBytes = 1024 * mebibyte } = options;
  const space = new FreeSpace(folder, {
    reserveBytes: options.reserveBytes ?? 64 * mebibyte,
    checkEveryBytes: options.checkEveryBytes ?? 4 * mebibyte,
    checkEveryMs,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.freeBytes === undefined ? {} : { freeBytes: options.freeBytes }),
  });
  return {
    open: async (name, opening) => {
      const isUnclean = (await stat(openMark(folder, name)).catch(() => null)) !== null;
      const wholeBytes = opening?.checked === true ? Number.POSITIVE_INFINITY : isUnclean ? newestBytes : 0;
      await checkTables(join(folder, name), wholeBytes);
      await writeFile(openMark(folder, name), '');
      const settings = options.databases?.[name] ?? defaultDatabase;
      const opened = await openDatabase(folder, name, opening?.redoable ?? false, space, settings);
      return { ...opened, database: marked(opened.database, openMark(folder, name)) };
    },
    replace: async (name, replacement, { keepOld = false } = {}) => {
      const evidence = keepOld ? await nextEvidence(folder, name) : '';
      await writeDurably(folder, journalName, JSON.stringify({ name, replacement, evidence }));
      await finishReplace(folder);
      if (keepOld) await pruneEvidence(folder, name, evidenceBytes);
    },
    setAside: async (name) => {
      const evidence = await setAside(folder, name, evidenceBytes);
      await rm(damageMark(folder, name), { force: true });
      await sync(folder);
      return evidence;
    },
    remove: async (name) => {
      await rm(join(folder, name), { recursive: true, force: true });
      await rm(damageMark(folder, name), { force: true });
      await sync(folder);
    },
    exists: async (name) => (await stat(join(folder, name)).catch(() => null)) !== null,
    close: async () => {
      await rm(join(folder, pidName), { force: true });
      await lock.close();
    },
  };
}

const journalName = 'replace.json';
const lockName = '.lock';
const pidName = '.lock-holder';
/** Of the tables of a database that was not closed: what was written of late is the most likely to be wrong, and takes a second. */
const newestBytes = 256 * mebibyte;
/** There while the database is open. It need not be durable: a machine that loses its power while it is written had only just begun. */
const openMark = (folder: string, name: string): string => join(folder, `${name}.open`);

/** Closing it takes the mark away. */
function marked(database: Database, mark: string): Database {
  const close = database.close.bind(database);
  database.close = async () => {
    await close();
    await rm(mark, { force: true });
  };
  return database;
}

const damageMark = (folder: string, name: string): string => join(folder, `${name}.damaged`);

/** The lock is an empty LevelDB: its lock file is locked by the kernel, so it is never stale. What is damaged in it is made anew: it holds nothing. */
async function takeLock(folder: string): Promise<{ close(): Promise<void> }> {
  const path = join(folder, lockName);
  const lock = new Level(path);
  try {
    await lock.open().catch(async (cause: unknown) => {
      if (codeOf(cause) === 'LEVEL_LOCKED') throw cause;
      // Its lock file stays: whoever has it open holds it.
      const names = await readdir(path);
      for (const name of names)
        if (name !== 'LOCK') await rm(join(path, name), { recursive: true, force: true });
      await lock.open();
    });
  } catch (cause) {
    if (codeOf(cause) !== 'LEVEL_LOCKED') throw unwritable(folder, cause);
    const holder = (await readFile(join(folder, pidName), 'utf8').catch(() => '')).trim();
    throw new TanistError(
      'data-locked',
      `the data folder ${folder} is in use by ${holder === '' ? 'another process' : `process ${holder}`}: ` +
        'stop it first, or give this node a folder of its own',
      { cause },
    );
  }
  await writeFile(join(folder, pidName), `${process.pid}\n`);
  return lock;
}

async function checkTables(path: string, wholeBytes: number): Promise<void> {
  // Each piece is waited for, and that gives the event loop its turns.
  const pace = (): Promise<void> => Promise.resolve();
  const problem = await inspectTables(path, { wholeBytes, pace }).catch((cause: unknown) => {
    throw openError(path, cause, '');
  });
  if (problem !== null) throw damaged(path, `table ${problem}`);
}

async function openDatabase(
  folder: string,
  name: string,
  redoable: boolean,
  space: FreeSpace,
  options: LevelDatabaseOptions,
): Promise<OpenedDatabase> {
  const path = join(folder, name);
  let found = await inspectWriteAhead(path).catch((cause: unknown) => {
    throw cause instanceof TanistError ? cause : openError(path, cause, '');
  });
  if (mutant.active === 'torn-tail-hides-damage' && found.state === 'damaged')
    found = { ...found, state: 'torn' };
  if (redoable && found.state === 'damaged' && found.cut !== null) {
    await cutWriteAhead(path, found.cut);
    found = {
      ...found,
      state: 'torn',
      detail: `${found.detail}; cut off there, to be done again from the log`,
    };
  }
  // LevelDB would drop the damaged pieces now and look clean at the next start, so the finding is kept first.
  const mark = damageMark(folder, name);
  if (found.state === 'damaged') await writeDurably(folder, `${name}.damaged`, found.detail);
  const before = await readFile(mark, 'utf8').catch(() => '');
  try {
    const database = await openLevelDatabase(path, space, options);
    return {
      database,
      integrity: before === '' ? found.state : 'damaged',
      detail: before === '' ? found.detail : before,
      tornBytes: found.tornBytes,
    };
  } catch (cause) {
    throw openError(path, cause, before);
  }
}

function openError(path: string, cause: unknown, damage: string): TanistError {
  const code = codeOf(cause);
  if (code === 'LEVEL_LOCKED') {
    return new TanistError('data-locked', `${path} is in use by another process: stop it first`, { cause });
  }
  if (isDiskFull(cause)) return diskFull(path, cause);
  if (code === 'LEVEL_CORRUPTION' || damage !== '') return damaged(path, damage || reason(cause), cause);
  return new TanistError(
    'data-unreadable',
    `${path} cannot be opened (${reason(cause)}): check the folder's rights and the disk`,
    {
      cause,
    },
  );
}

/** The journal, once durable, decides; from there every step can be done again. */
async function finishReplace(folder: string): Promise<void> {
  const text = await readFile(join(folder, journalName), 'utf8').catch(() => '');
  if (text === '') return;
  const {
    name,
    replacement,
    evidence = '',
  } = JSON.parse(text) as {
    readonly name: string;
    readonly replacement: string;
    readonly evidence?: string;
  };
  const there = await stat(join(folder, replacement)).catch(() => null);
  if (there !== null) {
    const old = await stat(join(folder, name)).catch(() => null);
    if (evidence !== '' && old !== null) await rename(join(folder, name), join(folder, evidence));
    await rm(join(folder, name), { recursive: true, force: true });
    await rm(damageMark(folder, name), { force: true });
    await rename(join(folder, replacement), join(folder, name));
    await sync(folder);
  }
  await rm(join(folder, journalName));
  await sync(folder);
}

async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const draft = join(folder, `${name}.draft`);
  await writeFile(draft, text, { flush: true });
  await rename(draft, join(folder, name));
  await sync(folder);
}
