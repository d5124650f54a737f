import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseChange } from '../../ports/database.ts';
import { Damage } from './damage.ts';
import { decodeKeyList, listsOf, listsPrefix } from './key-list.ts';
import { endOf, generationPrefix, heldSpaces, hex8, keyPrefix, rowKey, spacePrefix } from './keys.ts';
import { leasesOf, leasesPrefix } from './lease-list.ts';
import type { Generation, SnapshotIndex } from './snapshot-index.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

/** Deletions of one write: few enough that the disk's reserve admits them when it is full, which they relieve. */
const bytesPerWrite = 4000;
const pageBytes = 64 * 1024;
const pagesPerStep = 16;

/**
 * Takes away what no snapshot shows, a piece a call. Merging older snapshots into the oldest kept one is deleting what its rows, and those of the ones between,
 * supersede: rows stay where they are. Every piece can be done again, so a crash on the way costs nothing.
 */
export class Tidy {
  readonly #database: Database;
  readonly #index: SnapshotIndex;
  readonly #isKept: (one: Generation) => boolean;

  /** `isKept`: that generation is evidence. */
  constructor(database: Database, index: SnapshotIndex, isKept: (one: Generation) => boolean) {
    this.#database = database;
    this.#index = index;
    this.#isKept = isKept;
  }

  /** Whether something was done: there may be more. `writing`: the number of a snapshot under way. */
  async step(writing: number | null): Promise<boolean> {
    return (
      (await this.#undoList(writing)) ||
      (await this.#dropLeases(writing)) ||
      (await this.#dropGeneration(writing)) ||
      (await this.#mergeList())
    );
  }

  /** Of a snapshot that never became one: the newest numbers. */
  async undoStep(): Promise<boolean> {
    return (
      (await this.#undoList(null)) || (await this.#dropLeases(null)) || (await this.#dropGeneration(null))
    );
  }

  async #undoList(writing: number | null): Promise<boolean> {
    if (mutant.active === 'cold-leftovers-kept') return false;
    const newest = this.#index.newest;
    const from = `${listsPrefix}${hex8((newest?.number ?? 0) + 1)}/`;
    const list = await this.#database.last(from, endOf(listsPrefix));
    const number = list === undefined ? 0 : numberIn(list.key, listsPrefix);
    if (list === undefined || number === writing) return false;
    const changes: string[] = [];
    for (const { space, key } of entriesOf(list.key, list.value)) {
      // Those of a space that it began anew go with their generation.
      const generation = newest?.generations[space];
      if (generation === undefined) continue;
      changes.push(rowKey(keyPrefix(generationPrefix(space, generation), key), number));
    }
    await this.#delete([...changes, list.key]);
    return true;
  }

  /** Lists of leases of snapshots that are none, or not any more. */
  async #dropLeases(writing: number | null): Promise<boolean> {
    const kept = new Set(this.#index.list.map(({ number }) => number));
    let end = endOf(leasesPrefix);
    for (;;) {
      const row = await this.#database.last(leasesPrefix, end);
      if (row === undefined) return false;
      const number = numberIn(row.key, leasesPrefix);
      if (!kept.has(number) && number !== writing) {
        await this.#delete([row.key]);
        return true;
      }
      end = leasesOf(number);
    }
  }

  /** Generations that no snapshot reads. */
  async #dropGeneration(writing: number | null): Promise<boolean> {
    for (const space of heldSpaces) {
      const used = this.#index.generations(space);
      const prefix = spacePrefix(space);
      for (let end = endOf(prefix); ; ) {
        const row = await this.#database.last(prefix, end);
        if (row === undefined) break;
        const generation = numberIn(row.key, prefix);
        const own = generationPrefix(space, generation);
        end = own;
        if (used.has(generation) || generation === writing || this.#isKept({ space, generation })) continue;
        await this.#deleteRange(own);
        return true;
      }
    }
    return false;
  }

  /** Some pages of it; the last ones give the space back. */
  async #deleteRange(prefix: string): Promise<void> {
    let pages = 0;
    for await (const rows of this.#database.scan(prefix, endOf(prefix), pageBytes)) {
      await this.#delete(rows.map(({ key }) => key));
      if (++pages === pagesPerStep) return;
    }
    await this.#database.compact(prefix, endOf(prefix));
  }

  /** The first list of the snapshots up to the oldest kept one: what they superseded, nobody sees any more. */
  async #mergeList(): Promise<boolean> {
    const oldest = mutant.active === 'cold-merge-ahead' ? this.#index.newest : this.#index.oldest;
    if (oldest === null) return false;
    // A single row: a scan's page takes memory until it is collected.
    for await (const rows of this.#database.scan(listsPrefix, endOf(listsOf(oldest.number)), 1)) {
      for (const row of rows) {
        await this.#merge(row.key, row.value, oldest);
        return true;
      }
    }
    return false;
  }

  async #merge(listKey: string, list: Uint8Array, oldest: SnapshotRecord): Promise<void> {
    const number = numberIn(listKey, listsPrefix);
    const changes: string[] = [];
    for (const { space, key, supersedes, gone } of entriesOf(listKey, list)) {
      const generation = oldest.generations[space];
      if (generation > number) continue;
      const prefix = keyPrefix(generationPrefix(space, generation), key);
      if (supersedes !== 0) changes.push(rowKey(prefix, supersedes));
      if (gone) changes.push(rowKey(prefix, number));
    }
    await this.#delete([...changes, listKey]);
  }

  /** In order, in small writes: a list goes after what it lists. */
  async #delete(keys: readonly string[]): Promise<void> {
    let changes: DatabaseChange[] = [];
    let bytes = 0;
    for (const key of keys) {
      if (changes.length > 0 && bytes + key.length > bytesPerWrite) {
        await this.#database.write(changes, { sync: false });
        changes = [];
        bytes = 0;
      }
      changes.push({ type: 'del', key });
      bytes += key.length;
    }
    await this.#database.write(changes, { sync: false });
  }
}

function entriesOf(key: string, value: Uint8Array): ReturnType<typeof decodeKeyList> & object {
  const entries = decodeKeyList(key, value);
  if (entries === null)
    throw new Damage(`the checksum of list ${JSON.stringify(key)} is wrong`, null, { key, value });
  return entries;
}

function numberIn(key: string, prefix: string): number {
  return Number.parseInt(key.slice(prefix.length, prefix.length + 8), 16);
}
