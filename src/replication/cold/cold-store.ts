import { asError, TanistError } from '../../foundation/errors.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { Database, Disk, OpenedDatabase } from '../../ports/database.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { Held, Lineage, Mark, StreamPart } from '../../ports/replication.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { wholeSpaces } from '../whole-space.ts';
import { Damage } from './damage.ts';
import { keepRows } from './kept-rows.ts';
import { type HeldSpace, heldSpaces, isHeldSpace } from './keys.ts';
import { MappedFiles } from './mapped-files.ts';
import { readRange } from './range-read.ts';
import { type Retention, snapshotsToDrop } from './retention.ts';
import { type Pace, scrubGeneration, scrubLists } from './scrub.ts';
import { type Generation, type Quarantine, SnapshotIndex } from './snapshot-index.ts';
import { openSnapshot, recordKey, recordsPrefix, type SnapshotRecord } from './snapshot-record.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { emptyState, loadState, putEvidence, putState, type StoreState } from './store-state.ts';
import { Tidy } from './tidy.ts';

const databaseName = 'cold';
const evidenceName = 'cold.evidence';
/** Ranges that are being read at a time: an answer may take `limits.rangeBytes`. */
const readsAtATime = 16;

/**
 * For `openLevelDisk`: what LevelDB may take of memory. Its files are mapped as they are read, so how many it keeps open, and their size, bounds what
 * stays in memory after a scan of all.
 */
export const coldDatabases = {
  [databaseName]: {
    writeBufferBytes: 2 * 1024 * 1024,
    maxFileBytes: 1024 * 1024,
    maxOpenFiles: 14,
    cacheBytes: 1024 * 1024,
  },
} as const;

export interface ColdStoreOptions {
  readonly retention: Retention;
  /** Ms since 1970. */
  readonly wallMs: () => number;
}

export interface ColdRead {
  readonly result: RangeResult | FailedResult;
  /** What it is a read of. */
  readonly snapshot: SnapshotRecord;
}

/**
 * Opens or makes the store. A crash at any moment leaves the snapshots that had their records, and no others; what else is there is removed. Damage is
 * kept as evidence and never served: what it touches is quarantined until a new base is there.
 */
export async function openColdStore(disk: Disk, options: ColdStoreOptions): Promise<ColdStore> {
  const first = await disk.open(databaseName, { redoable: true }).catch((error: unknown) => {
    if (error instanceof TanistError && error.code === 'data-damaged') return error;
    throw error;
  });
  let why: string | null = null;
  let opened: OpenedDatabase;
  if (first instanceof TanistError || first.integrity === 'damaged') {
    why = first instanceof TanistError ? first.message : first.detail;
    if (!(first instanceof TanistError)) await first.database.close();
    await disk.remove(evidenceName);
    await disk.replace(evidenceName, databaseName);
    opened = await disk.open(databaseName, { redoable: true });
  } else opened = first;
  const store = new ColdStore(opened.database, options);
  await store.load(why);
  return store;
}

/** The snapshots of a cold replica. One stream is received at a time; reads, tidying and scrubbing go on beside it. */
export class ColdStore {
  readonly #database: MappedFiles;
  readonly #options: ColdStoreOptions;
  readonly #index = new SnapshotIndex();
  readonly #tidy: Tidy;
  #state: StoreState = emptyState;
  #writing: number | null = null;
  #reads = 0;
  /** One change of the rows beside a writer's at a time. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(database: Database, options: ColdStoreOptions) {
    this.#database = new MappedFiles(database);
    this.#options = options;
    const isKept = (one: Generation): boolean => includes(this.#state.kept, one);
    this.#tidy = new Tidy(this.#database, this.#index, isKept);
  }

  /** `damage`: why the database before this one was set aside. */
  async load(damage: string | null): Promise<void> {
    const problems: Damage[] = [];
    for await (const rows of this.#database.scan(recordsPrefix, 's0', 64 * 1024))
      for (const row of rows) {
        const snapshot = openSnapshot(row.key, row.value);
        if (snapshot !== null) this.#index.add(snapshot);
        else problems.push(new Damage(`snapshot record ${row.key} was altered`, null, row));
      }
    const state = await loadState(this.#database);
    if (state === null || state === 'altered') {
      if (state === 'altered' || this.#index.list.length > 0)
        problems.push(new Damage('the state record was altered or is missing', null));
      await this.#database.write([putState(emptyState)], { sync: true });
    } else this.#state = state;
    this.#index.setQuarantined(this.#state.quarantined);
    const broken = this.#index.broken();
    if (broken !== null) problems.push(new Damage(broken, null));
    if (damage !== null) await this.#keepEvidence(`the database was damaged and set aside: ${damage}`, null);
    for (const problem of problems) await this.#quarantine(problem);
    await this.#undo();
  }

  get snapshots(): readonly SnapshotRecord[] {
    return this.#index.list;
  }

  get newest(): SnapshotRecord | null {
    return this.#index.newest;
  }

  /** Null: fine. Otherwise what is not served, or not gone on from, and why. */
  get trouble(): string | null {
    const { quarantined, needsBase } = this.#state;
    const first = quarantined[0];
    if (first !== undefined) return `space ${first.space} is damaged and is fetched anew: ${first.why}`;
    return needsBase;
  }

  get quarantined(): readonly Quarantine[] {
    return this.#state.quarantined;
  }

  /** What a stream may go on from; null: it has to send everything. */
  held(): Held | null {
    const newest = this.#index.newest;
    if (newest === null || this.#state.needsBase !== null || !this.#index.canGoOn(newest.lineage))
      return null;
    return { lineage: newest.lineage, revisions: newest.revisions, ranges: wholeSpaces };
  }

  /** How far it has been, where nothing of it may be gone on from: no source may be further back. */
  seen(): Held | null {
    const newest = this.#index.newest;
    return newest === null ? null : { lineage: newest.lineage, revisions: newest.revisions, ranges: [] };
  }

  /**
   * Takes a stream of mode `latest` to its end. `held`: what was asked to be gone on from. The new snapshot, or null: nothing has changed.
   * Whatever goes wrong, nothing of the stream stays: `data-damaged` (cut short, altered, or not what its source has: the next one is a base), `disk-full`,
   * `data-of-another-cluster` (older than what is held), the stream's own errors.
   */
  async receive(held: Held | null, parts: AsyncIterable<StreamPart>): Promise<SnapshotRecord | null> {
    if (this.#writing !== null) throw new TanistError('overloaded', 'a snapshot is being received already');
    await this.#exclusively(() => this.#undo());
    if (held !== null && this.held() === null)
      throw new TanistError(
        'under-doubt',
        'what was to be gone on from was found damaged: ask for everything',
      );
    const number = this.#nextNumber();
    this.#writing = number;
    try {
      const { writer, mark } = await this.#write(number, held, parts);
      this.#refuseOlder(writer.lineage, mark);
      const snapshot = await writer.finish(mark, this.#options.wallMs());
      if (snapshot !== null) await this.#took(snapshot, held === null);
      return snapshot;
    } catch (thrown) {
      if (thrown instanceof Damage) throw await this.#quarantine(thrown);
      const error = asError(thrown);
      if (error instanceof TanistError && error.code === 'data-damaged') await this.#begins(error.message);
      // Evidence takes no room that a snapshot needs.
      if (error instanceof TanistError && error.code === 'disk-full') await this.#forgetKept();
      throw error;
    } finally {
      this.#writing = null;
      // Room for the next one: a full disk gets back what the attempt took. Where that fails, the next attempt begins with it.
      await this.#exclusively(() => this.#undo()).catch(() => undefined);
      await this.#release();
    }
  }

  async #write(
    number: number,
    held: Held | null,
    parts: AsyncIterable<StreamPart>,
  ): Promise<{ readonly writer: SnapshotWriter; readonly mark: Mark }> {
    let writer: SnapshotWriter | null = null;
    const newest = this.#index.newest;
    for await (const part of parts) {
      if (writer === null) {
        if (part.kind !== 'ranges') throw cutShort('it does not begin with what it is about');
        if (newest !== null && part.lineage.epoch < newest.lineage.epoch)
          throw new TanistError(
            'data-of-another-cluster',
            `the source is of epoch ${part.lineage.epoch}, this replica holds epoch ${newest.lineage.epoch}: follow a member of that`,
          );
        writer = new SnapshotWriter(this.#database, number, part.lineage, held === null ? null : newest);
      } else if (part.kind === 'mark') return { writer, mark: part };
      else await writer.take(part);
    }
    throw cutShort('it ended before its end');
  }

  /** A replica that lags is no source: readers would go back in time. */
  #refuseOlder(lineage: Lineage, mark: Mark): void {
    const newest = this.#index.newest;
    if (newest === null || !sameLineage(newest.lineage, lineage)) return;
    for (const space of heldSpaces)
      if (mark.revisions[space] < newest.revisions[space])
        throw new TanistError(
          'unavailable',
          `the source is at revision ${mark.revisions[space]} of ${space}, behind the ${newest.revisions[space]} held here: ask another one`,
        );
  }

  /** The record is there. A base ends all quarantine: what was quarantined is nobody's any more. */
  async #took(snapshot: SnapshotRecord, isBase: boolean): Promise<void> {
    this.#index.add(snapshot);
    if (isBase) await this.#endQuarantine();
  }

  /** The newest snapshot has nothing to do with what is quarantined: that goes. */
  async #endQuarantine(): Promise<void> {
    const damaged = this.#index.list.filter((one) =>
      heldSpaces.some((space) => this.#index.quarantineOf(space, one) !== null),
    );
    await this.#drop(damaged);
    await this.#setState({ ...this.#state, quarantined: [], needsBase: null });
  }

  /** A read with etcd's semantics at the latest snapshot, or at the one with this revision. Errors: those of `SnapshotIndex.readable`, `overloaded`. */
  async read(request: RangeRequest): Promise<ColdRead> {
    const { space } = request;
    if (!isHeldSpace(space))
      throw new TanistError('not-held', `a cold replica holds no predictions: ask a hot one`);
    const snapshot = this.#index.readable(space, request.revision);
    if (this.#reads >= readsAtATime)
      throw new TanistError('overloaded', `${readsAtATime} ranges are being read; try again`);
    this.#reads++;
    const unpin = this.#index.pin(snapshot.number);
    try {
      const result = await readRange(this.#database, snapshot, space, request);
      // What was quarantined while it was read may have been in it.
      if (!this.#index.isTrusted(space, snapshot))
        throw new TanistError('under-doubt', 'the snapshot was found damaged during the read: try again');
      return { result, snapshot };
    } catch (thrown) {
      if (thrown instanceof Damage) throw await this.#quarantine(thrown);
      throw thrown;
    } finally {
      unpin();
      this.#reads--;
      if (this.#reads === 0) await this.#release();
    }
  }

  /** One bounded piece of retention and merging; whether there may be more. */
  async tidyStep(): Promise<boolean> {
    return this.#exclusively(async () => {
      if (this.#state.quarantined.length > 0 && this.#state.needsBase === null) {
        await this.#endQuarantine();
        return true;
      }
      const { list, isPinned } = this.#index;
      const count = snapshotsToDrop(list, this.#options.retention, this.#options.wallMs(), isPinned);
      if (count > 0) {
        await this.#drop(list.slice(0, count));
        return true;
      }
      try {
        return await this.#tidy.step(this.#writing);
      } catch (thrown) {
        if (thrown instanceof Damage) throw await this.#quarantine(thrown);
        throw thrown;
      }
    });
  }

  /** Looks at all rows once. What is found damaged is quarantined; its message, or null: all is well. */
  async scrub(pace: Pace): Promise<string | null> {
    try {
      const found = await this.#database.inspect(pace);
      if (found !== null) throw new Damage(`table ${found}`, null);
      for (const space of heldSpaces)
        for (const generation of this.#index.generations(space)) {
          const snapshots = this.#index.list.filter((one) => one.generations[space] === generation);
          if (snapshots.length === 0 || this.#isQuarantined(space, generation)) continue;
          const unpin = snapshots.map(({ number }) => this.#index.pin(number));
          try {
            await scrubGeneration(this.#database, space, generation, snapshots, pace);
          } finally {
            for (const release of unpin) release();
          }
        }
      await scrubLists(this.#database, pace);
      await this.#release();
      return null;
    } catch (thrown) {
      if (thrown instanceof Damage) return (await this.#quarantine(thrown)).message;
      throw thrown;
    }
  }

  /**
   * The newest snapshot is of a state that never was: it goes, and what went before it is the newest. Whether that is right is for the next stream to say,
   * which goes on from it.
   */
  async dropNewest(why: string): Promise<void> {
    await this.#exclusively(async () => {
      const { newest } = this.#index;
      if (newest === null || this.#writing !== null) return;
      await this.#keepEvidence(why, null);
      await keepRows(this.#database, newest);
      await this.#drop([newest]);
      await this.#undo();
    });
  }

  async close(): Promise<void> {
    await this.#changing;
    await this.#database.close();
  }

  /** For reading all that is held, while nothing is taken. */
  get database(): Database {
    return this.#database;
  }

  sizeBytes(): Promise<number> {
    return this.#database.sizeBytes('\0', '\u00ff');
  }

  /** What fails here is noticed by whoever needs it. */
  #release(): Promise<void> {
    return this.#database.release().catch(() => undefined);
  }

  #isQuarantined(space: HeldSpace, generation: number): boolean {
    return includes(this.#state.quarantined, { space, generation });
  }

  /** Snapshots are numbered on, and so are generations: none is one of those that are kept. */
  #nextNumber(): number {
    const kept = [...this.#state.kept, ...this.#state.quarantined].map(({ generation }) => generation);
    return Math.max(this.#index.newest?.number ?? 0, ...kept) + 1;
  }

  /** What fails here is for the next attempt. */
  async #forgetKept(): Promise<void> {
    if (this.#state.kept.length === 0) return;
    await this.#setState({ ...this.#state, kept: [] }).catch(() => undefined);
  }

  /** Removes what snapshots that never became any have left behind. */
  async #undo(): Promise<void> {
    for (;;) {
      try {
        if (!(await this.#tidy.undoStep())) return;
      } catch (thrown) {
        if (!(thrown instanceof Damage)) throw thrown;
        await this.#quarantine(thrown);
      }
    }
  }

  /** From here on nobody begins to read them. While their records are there, so are their rows. */
  async #drop(snapshots: readonly SnapshotRecord[]): Promise<void> {
    if (snapshots.length === 0) return;
    this.#index.remove(snapshots);
    try {
      const changes = snapshots.map(({ number }) => ({ type: 'del', key: recordKey(number) }) as const);
      await this.#database.write(changes, { sync: false });
    } catch (error) {
      this.#index.putBack(snapshots);
      throw error;
    }
  }

  /** Keeps the evidence; what the damage touches is served no more, and the next snapshot is a base. Returns what a reader is told. */
  async #quarantine({ message, where, row }: Damage): Promise<TanistError> {
    const newest = this.#index.newest;
    const atMs = this.#options.wallMs();
    const touched: Quarantine[] = [];
    if (where !== null) touched.push({ ...where, why: message, atMs });
    else if (newest !== null)
      for (const space of heldSpaces)
        touched.push({ space, generation: newest.generations[space], why: message, atMs });
    const isNewest = touched.some(({ space, generation }) => newest?.generations[space] === generation);
    const fresh = touched.filter(({ space, generation }) => !this.#isQuarantined(space, generation));
    const quarantined = [...this.#state.quarantined, ...fresh];
    this.#index.setQuarantined(quarantined);
    const kept = where === null || includes(this.#state.kept, where) ? this.#state.kept : [where];
    this.#state = {
      ...this.#state,
      quarantined,
      needsBase: isNewest ? message : this.#state.needsBase,
      kept,
    };
    await this.#keepEvidence(message, row);
    // A list that can't be read would stand in the way for ever. What it would have taken away goes with its generation.
    if (where === null && row !== null)
      await this.#database.write([{ type: 'del', key: row.key }], { sync: true });
    return new TanistError(
      'under-doubt',
      `this cold replica found itself damaged (${message}) and fetches its content anew: ask another one, or later`,
    );
  }

  /** What is held is served on, and not gone on from. */
  async #begins(why: string): Promise<void> {
    this.#state = { ...this.#state, needsBase: why };
    await this.#keepEvidence(why, null);
  }

  async #keepEvidence(what: string, row: Damage['row']): Promise<void> {
    const number = this.#state.evidence;
    this.#state = { ...this.#state, evidence: number + 1 };
    const evidence = putEvidence(number, this.#options.wallMs(), what, row);
    await this.#database.write([...evidence, putState(this.#state)], { sync: true });
  }

  async #setState(state: StoreState): Promise<void> {
    this.#state = state;
    this.#index.setQuarantined(state.quarantined);
    await this.#database.write([putState(state)], { sync: true });
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(act);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

function includes(all: readonly Generation[], { space, generation }: Generation): boolean {
  return all.some((one) => one.space === space && one.generation === generation);
}

function cutShort(what: string): TanistError {
  return new TanistError('data-damaged', `the snapshot was cut short: ${what}. Nothing of it was kept`);
}
