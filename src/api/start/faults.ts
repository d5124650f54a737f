import { TanistError } from '../../foundation/errors.ts';
import type { Vitals } from '../../node/vitals.ts';
import { type Database, type OpenedDatabase, withWrite } from '../../ports/database.ts';
import type { LevelDisk } from '../../storage/level/level-disk.ts';
import type { GrpcTransport } from '../../transport/grpc-transport.ts';
import { systemClock } from '../system-clock.ts';

/** What ails a node by intent, for tests and measurements. */
export type Fault =
  /**
   * Synced writes of the log take so much longer from now on. `held`: all writes, of the state as well, get to the disk at the end of that time, so a process that
   * is killed meanwhile has lost them, as all that is not synced is lost with the power.
   */
  | { readonly kind: 'slow-sync'; readonly ms: number; readonly held?: true }
  /** So many bytes of the heap are never given back. */
  | { readonly kind: 'leak'; readonly bytes: number }
  /** What the disk is said to have. */
  | { readonly kind: 'disk'; readonly freeBytes: number; readonly diskBytes: number }
  /** What it says to its peers takes so much longer to get there. */
  | { readonly kind: 'distance'; readonly ms: number }
  /** The next synced write of the log, or the next write of the state, is carried out and fails all the same, as does every write after it: what the disk has is unknown. */
  | { readonly kind: 'sync-error'; readonly database: AilingDatabase }
  /** Writes are refused, with nothing written, for as long as it lasts. */
  | { readonly kind: 'disk-full'; readonly database: AilingDatabase; readonly lasts: boolean }
  /** Reads fail for as long as it lasts. */
  | { readonly kind: 'read-error'; readonly database: AilingDatabase; readonly lasts: boolean };

/** The Raft log; or what the replica keeps of the state: a hot one its image, a warm or cold one all that it has. */
export type AilingDatabase = 'log' | 'state';

const logName = 'log';
const chunkNumbers = 1024;
/** A write of the log may wait for one before it. */
const stateHeldLonger = 3;

/** The faults of one node. Only test builds hand them in. */
export class Faults {
  syncMs = 0;
  syncHeld = false;
  distanceMs = 0;
  disk: { readonly freeBytes: number; readonly diskBytes: number } | null = null;
  readonly syncError = new Set<AilingDatabase>();
  readonly full = new Set<AilingDatabase>();
  readonly readError = new Set<AilingDatabase>();
  /** Held for ever: that is the point. */
  readonly #leaked: (readonly number[])[] = [];

  apply(fault: Fault): void {
    switch (fault.kind) {
      case 'slow-sync':
        this.syncMs = fault.ms;
        this.syncHeld = fault.held === true;
        return;
      case 'leak':
        for (let left = fault.bytes; left > 0; left -= chunkNumbers * 8)
          this.#leaked.push(new Array<number>(chunkNumbers).fill(Math.PI));
        return;
      case 'distance':
        this.distanceMs = fault.ms;
        return;
      case 'disk':
        this.disk = fault;
        return;
      case 'sync-error':
        this.syncError.add(fault.database);
        return;
      case 'disk-full':
        setTo(this.full, fault.database, fault.lasts);
        return;
      case 'read-error':
        setTo(this.readError, fault.database, fault.lasts);
    }
  }
}

function setTo<T>(set: Set<T>, value: T, isIn: boolean): void {
  if (isIn) set.add(value);
  else set.delete(value);
}

/** The disk of a node that may be ailing. */
export function ailingDisk(disk: LevelDisk, faults: Faults | undefined): LevelDisk {
  if (faults === undefined) return disk;
  return {
    ...disk,
    open: async (name, options) => ailing(name, await disk.open(name, options), faults),
  };
}

function ailing(name: string, opened: OpenedDatabase, faults: Faults): OpenedDatabase {
  const which: AilingDatabase = name === logName ? 'log' : 'state';
  const { database } = opened;
  const broken = withWrite(database, failing(name, which, database, faults));
  return {
    ...opened,
    database: badToRead(name, which, slow(which, broken, faults), faults),
  };
}

/**
 * Answers come late and in order, as of a disk that is busy otherwise. Held ones, of the state as well, get to the disk late; those of the state last: it is never
 * ahead of what the log had when it was written.
 */
function slow(which: AilingDatabase, database: Database, faults: Faults): Database {
  /** Answered when all that came before is; null: no answer is late, and the database itself keeps them in order. */
  let newest: Promise<void> | null = null;
  let holding = 0;
  return withWrite(database, (changes, options) => {
    const write = (): Promise<void> => database.write(changes, options);
    const { syncMs: ms, syncHeld } = faults;
    if (ms === 0 && newest === null) return write();
    const before = newest;
    const isHeld = holding > 0 || (ms > 0 && syncHeld);
    const isLate = ms > 0 && options.sync && which === 'log';
    let done: Promise<void>;
    if (isHeld) {
      holding++;
      done = Promise.all([before, after(which === 'log' ? ms : ms * stateHeldLonger)])
        .then(write)
        .finally(() => holding--);
    } else done = isLate ? write().then(() => after(ms)) : write();
    // Without what they answered: each would keep the one before it.
    const mine = Promise.allSettled([before, done]).then(() => {
      if (newest === mine) newest = null;
    });
    newest = mine;
    return mine.then(() => done);
  });
}

function failing(name: string, which: AilingDatabase, database: Database, faults: Faults): Database['write'] {
  let failed: TanistError | null = null;
  const isWell = (): boolean => failed === null && faults.full.size === 0 && faults.syncError.size === 0;
  const write: Database['write'] = async (changes, options) => {
    if (failed !== null) throw failed;
    if (faults.full.has(which))
      throw new TanistError('disk-full', `no space is left for ${name}, by intent; free some`);
    const isToFail = (options.sync || which === 'state') && faults.syncError.has(which);
    // Decided before it is written, so that nothing that is issued after it is carried out.
    if (isToFail)
      failed = new TanistError(
        'storage-failed',
        `writing to ${name} failed, by intent: what reached the disk is unknown, so the node stops`,
      );
    await database.write(changes, options);
    if (isToFail && failed !== null) throw failed;
  };
  return (changes, options) => (isWell() ? database.write(changes, options) : write(changes, options));
}

function badToRead(name: string, which: AilingDatabase, database: Database, faults: Faults): Database {
  const check = (): void => {
    if (faults.readError.has(which))
      throw new TanistError('storage-failed', `reading from ${name} failed, by intent: check the disk`);
  };
  return {
    ...withWrite(database, (changes, options) => database.write(changes, options)),
    get: async (key) => {
      check();
      return await database.get(key);
    },
    // What is read is as of the call, so the call is not put off to the first batch.
    scan: (from, to, batchBytes) =>
      checked(database.scan(from, to, batchBytes)[Symbol.asyncIterator](), check),
    last: async (from, to) => {
      check();
      return await database.last(from, to);
    },
  };
}

function checked<T>(rows: AsyncIterator<T>, check: () => void): AsyncIterable<T> {
  const close = async (): Promise<IteratorResult<T>> => {
    await rows.return?.();
    return { done: true, value: undefined };
  };
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      check();
    } catch (error) {
      await close();
      throw error;
    }
    return await rows.next();
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: close }) };
}

/** The transport of a node that may be far away from its peers. */
export function distantTransport(transport: GrpcTransport, faults: Faults | undefined): GrpcTransport {
  if (faults === undefined) return transport;
  const send = transport.send.bind(transport);
  transport.send = (to, message) => {
    if (faults.distanceMs === 0) send(to, message);
    else systemClock.after(faults.distanceMs, () => send(to, message));
  };
  return transport;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

export function ailingVitals(vitals: Vitals, faults: Faults | undefined): Vitals {
  if (faults === undefined) return vitals;
  if (faults.full.size > 0) return { ...vitals, diskFreeBytes: 0 };
  if (faults.disk === null) return vitals;
  const { freeBytes, diskBytes } = faults.disk;
  return { ...vitals, diskFreeBytes: freeBytes, diskBytes };
}
