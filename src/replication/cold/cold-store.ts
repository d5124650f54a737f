import { asError, TanistError } from '../../foundation/errors.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { Database } from '../../ports/database.ts';
import type { Held, StreamPart } from '../../ports/replication.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { wholeSpaces } from '../whole-space.ts';
import { Damage } from './damage.ts';
import { keepRows } from './kept-rows.ts';
import { heldSpaces, isHeldSpace } from './keys.ts';
import { MappedFiles } from './mapped-files.ts';
import { QuarantineKeeper } from './quarantine-keeper.ts';
import { readRange } from './range-read.ts';
import { type Retention, snapshotsToDrop } from './retention.ts';
import { type Pace, scrubGeneration, scrubLists } from './scrub.ts';
import { type Quarantine, SnapshotIndex } from './snapshot-index.ts';
import { openSnapshot, recordKey, recordsPrefix, type SnapshotRecord } from './snapshot-record.ts';
import { Tidy } from './tidy.ts';
import { refuseOlder, writeStream } from './write-stream.ts';

/** Ranges that are being read at a time: an answer may take `limits.rangeBytes`. */
const readsAtATime = 16;

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

/** The snapshots of a cold replica. One stream is received at a time; reads, tidying and scrubbing go on beside it. */
export class ColdStore {
  readonly #database: MappedFiles;
  readonly #options: ColdStoreOptions;
  readonly #index = new SnapshotIndex();
  readonly #quarantine: QuarantineKeeper;
  readonly #tidy: Tidy;
  #writing: number | null = null;
  #reads = 0;
  /** One change of the rows beside a writer's at a time. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(database: Database, options: ColdStoreOptions) {
    this.#database = new MappedFiles(database);
    this.#options = options;
    this.#quarantine = new QuarantineKeeper(this.#database, this.#index, options.wallMs);
    this.#tidy = new Tidy(this.#database, this.#index, (one) => this.#quarantine.keeps(one));
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
    const forgotten = await this.#quarantine.load();
    if (forgotten !== null) problems.push(forgotten);
    const broken = this.#index.broken();
    if (broken !== null) problems.push(new Damage(broken, null));
    if (damage !== null) await this.#quarantine.note(`the database was damaged and set aside: ${damage}`);
    for (const problem of problems) await this.#quarantine.add(problem);
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
    return this.#quarantine.trouble;
  }

  get quarantined(): readonly Quarantine[] {
    return this.#quarantine.all;
  }

  /** What a stream may go on from; null: it has to send everything. */
  held(): Held | null {
    const newest = this.#index.newest;
    if (newest === null || this.#quarantine.needsBase !== null || !this.#index.canGoOn(newest.lineage))
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
      const target = { database: this.#database, number, held, newest: this.#index.newest };
      const { writer, mark } = await writeStream(target, parts);
      refuseOlder(this.#index.newest, writer.lineage, mark);
      const snapshot = await writer.finish(mark, this.#options.wallMs());
      if (snapshot !== null) await this.#took(snapshot, held === null);
      return snapshot;
    } catch (thrown) {
      if (thrown instanceof Damage) throw await this.#quarantine.add(thrown);
      const error = asError(thrown);
      if (error instanceof TanistError && error.code === 'data-damaged')
        await this.#quarantine.needBase(error.message);
      if (error instanceof TanistError && error.code === 'disk-full') await this.#quarantine.forgetKept();
      throw error;
    } finally {
      this.#writing = null;
      // Room for the next one: a full disk gets back what the attempt took. Where that fails, the next attempt begins with it.
      await this.#exclusively(() => this.#undo()).catch(() => undefined);
      await this.#release();
    }
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
    await this.#quarantine.end();
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
      if (thrown instanceof Damage) throw await this.#quarantine.add(thrown);
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
      if (this.#quarantine.all.length > 0 && this.#quarantine.needsBase === null) {
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
        if (thrown instanceof Damage) throw await this.#quarantine.add(thrown);
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
          if (snapshots.length === 0 || this.#quarantine.has({ space, generation })) continue;
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
      if (thrown instanceof Damage) return (await this.#quarantine.add(thrown)).message;
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
      await this.#quarantine.note(why);
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

  /** Snapshots are numbered on, and so are generations: none is one of those that are kept. */
  #nextNumber(): number {
    return Math.max(this.#index.newest?.number ?? 0, this.#quarantine.lastGeneration) + 1;
  }

  /** Removes what snapshots that never became any have left behind. */
  async #undo(): Promise<void> {
    for (;;) {
      try {
        if (!(await this.#tidy.undoStep())) return;
      } catch (thrown) {
        if (!(thrown instanceof Damage)) throw thrown;
        await this.#quarantine.add(thrown);
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

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(act);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}
