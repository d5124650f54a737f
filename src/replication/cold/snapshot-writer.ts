import { createHash } from 'node:crypto';
import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseChange } from '../../ports/database.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { LeaseTerms, Lineage, Mark, StreamPart } from '../../ports/replication.ts';
import { RangeSum } from '../range-sum.ts';
import { isWholeSpace, wholeSpaceDigests } from '../whole-space.ts';
import { type ChangedKey, encodeKeyList, listKey } from './key-list.ts';
import {
  bySpace,
  generationPrefix,
  type HeldSpace,
  heldSpaces,
  isHeldSpace,
  keyPrefix,
  rowKey,
} from './keys.ts';
import { encodeLeases, leaseListKey, leasesPerList } from './lease-list.ts';
import { NewestRows } from './newest-rows.ts';
import { encodeRow, type Row } from './row-codec.ts';
import { recordKey, type SnapshotRecord, sealSnapshot } from './snapshot-record.ts';

/** Rows are written together up to so many, and so many bytes, unless a single one is larger. */
const rowsPerWrite = 512;
const bytesPerWrite = 256 * 1024;

interface Item {
  readonly space: HeldSpace;
  readonly key: ByteString;
  readonly row: Row;
}

/**
 * Writes one snapshot from a stream in mode `latest`, under its number and unseen: the record, written last and synced, makes it one. What
 * the stream says must come out as what its end vouches for; else nothing of it counts. Errors: `data-damaged`, those of the database.
 */
export class SnapshotWriter {
  readonly number: number;
  readonly #database: Database;
  readonly #before: SnapshotRecord | null;
  readonly lineage: Lineage;
  readonly #newestRows: NewestRows;
  readonly #generations: Record<HeldSpace, number>;
  readonly #sums: Record<HeldSpace, RangeSum>;
  readonly #furthest = bySpace(() => 0);
  readonly #rowsHash = createHash('sha256');
  readonly #leasesHash = createHash('sha256');
  #items: Item[] = [];
  #itemBytes = 0;
  #rows = 0;
  #bytes = 0;
  #lists = 0;
  #leases: LeaseTerms[] = [];
  #hasLeases = false;
  #leaseCount = 0;
  #leaseLists = 0;
  #members: readonly MemberFacts[] | null = null;

  /** `before`: what the stream goes on from; of another lineage, or null: nothing. */
  constructor(database: Database, number: number, lineage: Lineage, before: SnapshotRecord | null) {
    this.#database = database;
    this.#newestRows = new NewestRows(database);
    this.number = number;
    this.lineage = lineage;
    this.#before = before !== null && sameLineage(before.lineage, lineage) ? before : null;
    const base = this.#before;
    this.#generations = bySpace((space) => base?.generations[space] ?? number);
    this.#sums = bySpace((space) =>
      base === null ? new RangeSum() : RangeSum.told(base.contents[space].keys, base.contents[space].digest),
    );
  }

  /** Any part but the mark. Resolves when there is room for more. */
  async take(part: Exclude<StreamPart, { readonly kind: 'mark' }>): Promise<void> {
    switch (part.kind) {
      case 'ranges':
        if (!sameLineage(part.lineage, this.lineage)) throw refused('it changes its lineage on the way');
        return;
      case 'replace':
        if (!isWholeSpace(part.range)) throw refused('it replaces a part of a space');
        return this.#replace(part.range.space);
      case 'values':
        for (const value of part.values) {
          this.#add(held(part.space), value.key, { kind: 'value', value });
          if (this.#isEnough) await this.#flush();
        }
        return;
      case 'deltas':
        for (const delta of part.deltas) {
          this.#add(held(delta.space), delta.key, rowOf(delta));
          if (this.#isEnough) await this.#flush();
        }
        return;
      case 'leases':
        if (part.all === this.#hasLeases) throw refused('its leases are not in order');
        this.#hasLeases = true;
        for (const lease of part.granted) {
          this.#leases.push(lease);
          if (this.#leases.length >= leasesPerList) await this.#flushLeases();
        }
        return;
      case 'members':
        this.#members = part.members;
        return;
      case 'past':
        return;
    }
  }

  /** The end. Null: nothing has changed since the snapshot before, which is as good; nothing was written. */
  async finish(mark: Mark, takenAtMs: number): Promise<SnapshotRecord | null> {
    await this.#flush();
    await this.#flushLeases();
    this.#check(mark);
    const members = this.#members;
    if (!this.#hasLeases || members === null) throw refused('it ends without leases or members');
    const before = this.#before;
    const leasesHash = this.#leasesHash.digest('hex');
    if (before !== null && this.#rows === 0 && this.#isSame(before, mark, leasesHash, members)) return null;
    const { record, row } = sealSnapshot({
      number: this.number,
      lineage: this.lineage,
      from:
        before === null
          ? null
          : { number: before.number, revisions: before.revisions, checksum: before.checksum },
      revisions: mark.revisions,
      compacted: mark.compacted,
      leaderRevisions: mark.leaderRevisions,
      index: mark.index,
      timeMs: mark.timeMs,
      takenAtMs,
      generations: { ...this.#generations },
      contents: bySpace((space) => ({ keys: this.#sums[space].keys, digest: this.#sums[space].digest })),
      rows: this.#rows,
      bytes: this.#bytes,
      leases: this.#leaseCount,
      leasesHash,
      members,
      rowsHash: this.#rowsHash.digest('hex'),
    });
    await this.#database.write([{ type: 'put', key: recordKey(record.number), value: row }], { sync: true });
    return record;
  }

  get #isEnough(): boolean {
    return this.#items.length >= rowsPerWrite || this.#itemBytes >= bytesPerWrite;
  }

  /** Everything of the space follows: its rows are a generation of their own. */
  async #replace(space: Space): Promise<void> {
    await this.#flush();
    const replaced = held(space);
    if (this.#generations[replaced] === this.number && this.#sums[replaced].keys > 0)
      throw refused(`it begins space ${space} twice`);
    this.#generations[replaced] = this.number;
    this.#sums[replaced] = new RangeSum();
  }

  #add(space: HeldSpace, key: ByteString, row: Row): void {
    this.#items.push({ space, key, row });
    this.#itemBytes += key.length + (row.kind === 'value' ? row.value.value.length : 0) + 64;
    const at = row.kind === 'value' ? row.value.modRevision : row.revision;
    this.#furthest[space] = Math.max(this.#furthest[space], at);
  }

  async #flush(): Promise<void> {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#itemBytes = 0;
    const changes: DatabaseChange[] = [];
    const listed: ChangedKey[] = [];
    for (const space of heldSpaces) {
      const own = items.filter((item) => item.space === space);
      if (own.length === 0) continue;
      if (this.#generations[space] === this.number) this.#addFresh(space, own, changes);
      else listed.push(...(await this.#addChanged(space, own, changes)));
    }
    if (listed.length > 0) {
      const key = listKey(this.number, this.#lists++);
      changes.push({ type: 'put', key, value: encodeKeyList(key, listed) });
    }
    await this.#database.write(changes, { sync: false });
  }

  #addFresh(space: HeldSpace, items: readonly Item[], changes: DatabaseChange[]): void {
    for (const { key, row } of items) {
      if (row.kind === 'gone') throw refused('it deletes a key of a space that it sends whole');
      this.#sums[space].add(row.value);
      changes.push(this.#put(space, key, row));
    }
  }

  /** Into a space that is gone on with: the digest moves from each key's old row to its new one. */
  async #addChanged(
    space: HeldSpace,
    items: readonly Item[],
    changes: DatabaseChange[],
  ): Promise<readonly ChangedKey[]> {
    const inOrder = [...items].sort((left, right) =>
      left.key < right.key ? -1 : left.key > right.key ? 1 : 0,
    );
    for (const [i, { key }] of inOrder.entries())
      if (inOrder[i + 1]?.key === key) throw refused('it has a key twice');
    const generation = this.#generations[space];
    const keys = inOrder.map(({ key }) => key);
    const newest = await this.#newestRows.find(space, generation, keys);
    const sum = this.#sums[space];
    const listed: ChangedKey[] = [];
    for (const { key, row } of inOrder) {
      const old = newest.get(key);
      if (old !== undefined && old.number >= this.number) throw refused('it has a key twice');
      if (old?.row.kind === 'value') sum.remove(old.row.value);
      else if (row.kind === 'gone') continue;
      if (row.kind === 'value') sum.add(row.value);
      changes.push(this.#put(space, key, row));
      listed.push({ space, key, supersedes: old?.number ?? 0, gone: row.kind === 'gone' });
    }
    return listed;
  }

  #put(space: HeldSpace, of: ByteString, row: Row): DatabaseChange {
    const key = rowKey(keyPrefix(generationPrefix(space, this.#generations[space]), of), this.number);
    const value = encodeRow(key, row);
    this.#rows++;
    this.#bytes += key.length + value.length;
    this.#rowsHash.update(key, 'latin1').update(value);
    return { type: 'put', key, value };
  }

  async #flushLeases(): Promise<void> {
    const leases = this.#leases;
    if (leases.length === 0) return;
    this.#leases = [];
    this.#leaseCount += leases.length;
    const key = leaseListKey(this.number, this.#leaseLists++);
    const value = encodeLeases(key, leases);
    this.#leasesHash.update(value.subarray(4));
    await this.#database.write([{ type: 'put', key, value }], { sync: false });
  }

  #check(mark: Mark): void {
    const digests = wholeSpaceDigests(mark.digests);
    for (const space of heldSpaces) {
      const before = this.#before?.revisions[space] ?? 0;
      if (mark.revisions[space] < before || mark.revisions[space] < this.#furthest[space])
        throw refused(
          `its end at revision ${mark.revisions[space]} of ${space} is older than what came before`,
        );
      const expected = digests.get(space);
      if (expected === undefined) throw refused(`it ends without a digest of space ${space}`);
      const { keys, digest } = this.#sums[space];
      const isRight = expected.keys === keys && expected.digest === digest;
      if (isRight || mutant.active === 'cold-digest-ignored') continue;
      throw refused(
        `space ${space} at revision ${mark.revisions[space]} has ${expected.keys} keys with digest ${expected.digest} at the source, ` +
          `here ${keys} with ${digest}`,
      );
    }
  }

  #isSame(before: SnapshotRecord, mark: Mark, leasesHash: string, members: readonly MemberFacts[]): boolean {
    return (
      heldSpaces.every((space) => before.revisions[space] === mark.revisions[space]) &&
      heldSpaces.every((space) => before.generations[space] === this.#generations[space]) &&
      before.leasesHash === leasesHash &&
      JSON.stringify(before.members) === JSON.stringify(members)
    );
  }
}

function rowOf(delta: StateDelta): Row {
  if (delta.op === 'delete') return { kind: 'gone', revision: delta.revision };
  const { key, value, createRevision, revision: modRevision, version, lease } = delta;
  const keyValue: KeyValue = { key, value, createRevision, modRevision, version, lease };
  return { kind: 'value', value: keyValue };
}

function held(space: Space): HeldSpace {
  if (!isHeldSpace(space)) throw refused(`it has keys of space ${space}, which snapshots don't hold`);
  return space;
}

/** The stream isn't what it should be: cut short, altered, or of a replica that is wrong. */
function refused(what: string): TanistError {
  return new TanistError(
    'data-damaged',
    `the snapshot was refused as a whole: ${what}. It is fetched anew from the beginning`,
  );
}
