import type { ByteString } from '../../foundation/bytes.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { Database, DatabaseChange, DatabaseRow, Disk } from '../../ports/database.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { KeyRange } from '../../ports/replication.ts';
import { sealJson } from '../../storage/record-codec.ts';
import { HeldRange } from './held-range.ts';
import {
  batchBytes,
  generationsIn,
  type Loading,
  loadLeases,
  loadMembers,
  loadValues,
} from './stored-rows.ts';
import {
  dropEvidenceRow,
  dropRangeRow,
  evidenceRow,
  readMeta,
  readRangeRow,
  type WarmMeta,
} from './warm-meta.ts';
import {
  endOf,
  evidencePrefix,
  generationOf,
  membersKey,
  metaKey,
  rangePrefix,
  valueKey,
  valuesOf,
} from './warm-rows.ts';

export const databaseName = 'warm';
const evidenceName = 'warm.evidence';
/** Of rows that are compared with memory in one turn: a few ms where they are small. */
const comparedBytes = 64 * 1024;
/** Ranges that were found wrong whose values are kept. */
const keptEvidence = 4;

/** What was found damaged, and what is no longer held for it. */
export interface WarmDamage {
  /** Null: the whole of what is stored. */
  readonly range: KeyRange | null;
  readonly reason: string;
}

/** What a warm replica holds, as of one mark. */
export interface WarmContent {
  /** Null: nothing yet. */
  readonly meta: WarmMeta | null;
  readonly ranges: readonly HeldRange[];
  readonly leases: ReadonlyMap<LeaseId, number>;
  readonly members: readonly MemberFacts[];
}

const nothing: WarmContent = { meta: null, ranges: [], leases: new Map(), members: [] };

/**
 * A warm replica's rows.
 *
 * 1. What belongs to a mark is one atomic batch: a crash loses the last marks, and nothing between.
 * 2. A range whose rows are not exactly what its digest says, or cannot be read, is not held: its values are set aside as evidence.
 */
export class WarmStore {
  readonly #disk: Disk;
  #database: Database;
  #nextGeneration: number;
  #evidence: number[];
  #garbage: number[];
  #tidying: Promise<unknown> = Promise.resolve();

  private constructor(
    disk: Disk,
    database: Database,
    nextGeneration: number,
    evidence: number[],
    garbage: number[],
  ) {
    this.#disk = disk;
    this.#database = database;
    this.#nextGeneration = nextGeneration;
    this.#evidence = evidence;
    this.#garbage = garbage;
  }

  /** Opens or makes it. Rejects only when nothing can be stored at all. */
  static async open(disk: Disk, turn: () => Promise<void>): Promise<OpenedWarm> {
    let reason: string;
    try {
      return await load(disk, await openDatabase(disk), turn);
    } catch (error) {
      if (!isDamage(error)) throw error;
      reason = error.message;
    }
    // What cannot be read at all is set aside whole.
    const fresh = await load(disk, await openAnother(disk), turn);
    return { ...fresh, damage: [{ range: null, reason }] };
  }

  static of(
    disk: Disk,
    database: Database,
    nextGeneration: number,
    evidence: number[],
    garbage: number[],
  ): WarmStore {
    return new WarmStore(disk, database, nextGeneration, evidence, garbage);
  }

  /** For the rows of a range that is being told from the beginning. */
  newGeneration(): number {
    return this.#nextGeneration++;
  }

  /** Atomic. Errors: `disk-full` (nothing was written), `storage-failed`. */
  write(changes: readonly DatabaseChange[]): Promise<void> {
    return this.#database.write(changes, { sync: false });
  }

  /** The changes by which a range is held no more; its values go later, when nobody waits. */
  dropped(generation: number): readonly DatabaseChange[] {
    this.#garbage.push(generation);
    return [dropRangeRow(generation)];
  }

  /** The same for one that was found wrong: its values are kept. `range`: null where that cannot be read. */
  setAside(generation: number, range: KeyRange | null, reason: string): readonly DatabaseChange[] {
    return [dropRangeRow(generation), ...this.keep(generation, range, reason)];
  }

  /** What is stored under this generation is evidence, of the last few findings. */
  keep(generation: number, range: KeyRange | null, reason: string): readonly DatabaseChange[] {
    const changes: DatabaseChange[] = [evidenceRow(generation, range, reason)];
    if (!this.#evidence.includes(generation)) this.#evidence.push(generation);
    while (this.#evidence.length > keptEvidence) {
      const oldest = this.#evidence.shift() ?? 0;
      changes.push(dropEvidenceRow(oldest));
      this.#garbage.push(oldest);
    }
    return changes;
  }

  get evidence(): readonly number[] {
    return this.#evidence;
  }

  /** Deletes a piece of what nothing refers to any more; false: there is nothing left. */
  tidy(): Promise<boolean> {
    const tidied = this.#tidy();
    this.#tidying = tidied.catch(() => undefined);
    return tidied;
  }

  async #tidy(): Promise<boolean> {
    const generation = this.#garbage[0];
    if (generation === undefined) return false;
    const prefix = valuesOf(generation);
    for await (const rows of this.#database.scan(prefix, endOf(prefix), batchBytes)) {
      await this.write(rows.map(({ key }) => ({ type: 'del', key })));
      return true;
    }
    this.#garbage.shift();
    return true;
  }

  /** The first rows of a range from this key on, as they are stored; none: there are no more. A scan that stays open would hold files that are rewritten. */
  async page(generation: number, from: ByteString): Promise<readonly DatabaseRow[]> {
    const end = endOf(valuesOf(generation));
    for await (const rows of this.#database.scan(valueKey(generation, from), end, comparedBytes)) return rows;
    return [];
  }

  row(generation: number, key: ByteString): Promise<Uint8Array | undefined> {
    return this.#database.get(valueKey(generation, key));
  }

  async inspect(pace: (bytes: number) => Promise<void>): Promise<string | null> {
    return (await this.#database.inspect?.(pace)) ?? null;
  }

  /**
   * What is damaged below the rows stays so, whatever is written: the whole is evidence, and an empty database in its place. Nobody reads or writes meanwhile.
   * Errors: `storage-failed`.
   */
  async beginAnew(): Promise<void> {
    this.#garbage = [];
    this.#evidence = [];
    await this.#tidying;
    try {
      await this.#database.close();
      this.#database = await openAnother(this.#disk);
    } catch (cause) {
      const why = asError(cause).message;
      throw new TanistError('storage-failed', `no database can take the place of the damaged one: ${why}`, {
        cause,
      });
    }
  }

  /** Everything is on the disk when it resolves. */
  async close(): Promise<void> {
    await this.#database.write([], { sync: true }).catch(() => undefined);
    await this.#database.close();
  }
}

export function membersRow(members: readonly MemberFacts[]): DatabaseChange {
  return { type: 'put', key: membersKey, value: sealJson(membersKey, members) };
}

export const noMembersRow: DatabaseChange = { type: 'del', key: membersKey };

async function openDatabase(disk: Disk): Promise<Database> {
  const { database } = await disk.open(databaseName, { redoable: true, checked: true });
  return database;
}

/** In place of one that is closed, and set aside. */
async function openAnother(disk: Disk): Promise<Database> {
  await disk.remove(evidenceName);
  await disk.replace(evidenceName, databaseName);
  return openDatabase(disk);
}

function isDamage(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'data-damaged' || code === 'storage-failed';
}

interface OpenedWarm {
  readonly store: WarmStore;
  readonly content: WarmContent;
  readonly damage: readonly WarmDamage[];
}

async function load(disk: Disk, database: Database, turn: () => Promise<void>): Promise<OpenedWarm> {
  try {
    const stored = await database.get(metaKey);
    const meta = readMeta(stored);
    const damage: WarmDamage[] = [];
    if (stored !== undefined && meta === null)
      damage.push({ range: null, reason: 'the checksum of its head is wrong' });
    const evidence = await generationsIn(database, evidencePrefix);
    const byGeneration = new Map<number, Loading>();
    const lost: { readonly generation: number; readonly range: KeyRange | null; readonly reason: string }[] =
      [];
    for await (const rows of database.scan(rangePrefix, endOf(rangePrefix), batchBytes))
      for (const { key, value } of rows) {
        const digest = readRangeRow(key, value);
        const generation = generationOf(key);
        if (digest === null)
          damage.push({ range: null, reason: `the checksum of range ${generation} is wrong` });
        if (digest === null || meta === null)
          lost.push({
            generation,
            range: digest?.range ?? null,
            reason:
              meta === null ? 'the checksum of the head is wrong' : 'the checksum of the range is wrong',
          });
        else {
          const held = new HeldRange(digest.range, generation, meta.revisions[digest.range.space]);
          byGeneration.set(generation, { held, expected: digest, wrong: null });
        }
      }
    const kept = [...evidence, ...lost.map(({ generation }) => generation)];
    const { garbage, highest } = await loadValues(database, byGeneration, new Set(kept), turn);
    const next = Math.max(highest, ...byGeneration.keys(), ...kept, 0) + 1;
    const store = WarmStore.of(disk, database, next, evidence, garbage);
    // Before there is a head again that they would seem to belong to.
    for (const { generation, range, reason } of lost)
      await store.write(store.setAside(generation, range, reason));
    const ranges: HeldRange[] = [];
    for (const { held, expected, wrong } of byGeneration.values()) {
      const { keys, digest } = held.digest;
      const reason =
        wrong ??
        (keys === expected.keys && digest === expected.digest
          ? null
          : `${keys} keys with digest ${digest} are there, ${expected.keys} with ${expected.digest} were stored`);
      if (reason === null) ranges.push(held);
      else {
        damage.push({ range: held.range, reason });
        await store.write(store.setAside(held.generation, held.range, reason));
      }
    }
    if (meta === null) return { store, content: nothing, damage };
    const leases = await loadLeases(database);
    return { store, content: { meta, ranges, leases, members: await loadMembers(database) }, damage };
  } catch (error) {
    await database.close();
    throw error;
  }
}
