import { assert, present } from '../../foundation/assert.ts';
import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { type LeaseId, noLease, type Revision, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import { keyOverheadBytes } from '../checks/space-use.ts';
import type { DeltaJournal } from '../delta-journal.ts';
import type { Slices } from '../slices.ts';
import { elementHash, formatDigest, hashKeyValue } from './element-hash.ts';
import { KeyEntry, KeyTable } from './key-table.ts';
import { mergeKeyed, OrderedKeys } from './ordered-keys.ts';
import {
  dropTombstone,
  isVisibleAtCompacted,
  pruneOlder,
  pushOlder,
  pushTombstone,
  versionAt,
} from './versions.ts';

/** Keys hashed, and sorted, in one go when restoring: a few ms. */
const runKeys = 2048;
/** From so many on, keys are taken out of their order together. */
const manyKeys = 32;
/** What a sweep looks at in one go; taking a key out of its order costs as much as looking at so many. */
const sweptPerEntry = 8192;
const removalCost = 16;

/**
 * One space: its keys with their latest values, its revisions and its digest. Changes belong to the revision after the present one
 * until `commit` makes it the present one, so a transaction is several changes and one commit.
 */
export class SpaceStore {
  readonly space: Space;
  readonly #journal: DeltaJournal;
  #onChange: ((key: ByteString) => void) | null = null;
  readonly #table = new KeyTable();
  readonly #live = new OrderedKeys<KeyEntry>();
  /** Deleted keys that older revisions still show. */
  readonly #deleted = new OrderedKeys<KeyEntry>();
  #revision = revision(1);
  #compacted = revision(0);
  /** The compacted revision of the last image batch: what the image store may be rid of, and so what memory forgets. */
  #imageCompacted = revision(0);
  #changes = 0;
  /** What the live keys take: see `keyOverheadBytes`. */
  #liveBytes = 0;
  #sumA = 0;
  #sumB = 0;
  /** Next shard to rid of compacted versions; `shardCount`: done. */
  #sweepShard = KeyTable.shardCount;
  /** More was compacted since that sweep began: another follows it. Beginning anew each time could never come to an end. */
  #sweepAgain = false;
  /** Where it is in that shard. */
  #sweeping: Iterator<KeyEntry> | null = null;

  constructor(space: Space, journal: DeltaJournal) {
    this.space = space;
    this.#journal = journal;
  }

  /** Hears of every key that is put or deleted, just after; not of what is restored. */
  onChange(listener: (key: ByteString) => void): void {
    this.#onChange = listener;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get compacted(): Revision {
    return this.#compacted;
  }

  /** What a read inside a transaction sees: the next revision as soon as something has changed. */
  get readRevision(): Revision {
    return this.#changes === 0 ? this.#revision : revision(this.#revision + 1);
  }

  get keyCount(): number {
    return this.#live.size;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get digest(): string {
    return formatDigest(this.#sumA, this.#sumB);
  }

  /** The sums behind `digest`, for the space that adds records of its own. */
  get digestSums(): { readonly a: number; readonly b: number } {
    return { a: this.#sumA, b: this.#sumB };
  }

  get(key: ByteString): KeyValue | null {
    const entry = this.#table.get(key);
    return entry === undefined ? null : entry.current;
  }

  entry(key: ByteString): KeyEntry | undefined {
    return this.#table.get(key);
  }

  /** Live keys with `from` ≤ key < `to` (null: unbounded). */
  count(from: ByteString, to: ByteString | null): number {
    return this.#live.count(from, to);
  }

  keys(from: ByteString, to: ByteString | null, limit: number): ByteString[] {
    return this.#live.keys(from, to, limit);
  }

  /** The latest values of those keys. */
  values(from: ByteString, to: ByteString | null, limit: number): KeyValue[] {
    return this.#live.slice(from, to, limit).map(({ current }) => present(current, 'a live key has a value'));
  }

  /** The key that at least `count` keys of whatever revision lie before, from `from` on; null: there are fewer. For going through all in pages. */
  keyBeyond(from: ByteString, count: number): ByteString | null {
    const live = this.#live.slice(from, null, count + 1);
    const deleted = this.#deleted.slice(from, null, count + 1);
    return mergeKeyed(live, deleted)[count]?.key ?? null;
  }

  /** The first `limit` (0: all) keys of the range that some revision ≥ the compacted one may show, in order. */
  keysOfAnyRevision(from: ByteString, to: ByteString | null, limit: number): ByteString[] {
    const deleted = this.#deleted.slice(from, to, limit);
    if (deleted.length === 0) return this.#live.keys(from, to, limit);
    const entries = mergeKeyed(this.#live.slice(from, to, limit), deleted);
    if (limit !== 0 && entries.length > limit) entries.length = limit;
    return entries.map(({ key }) => key);
  }

  /** How many those are. */
  countOfAnyRevision(from: ByteString, to: ByteString | null): number {
    return this.#deleted.count(from, to) + this.#live.count(from, to);
  }

  /** Returns the key as it was before. */
  put(key: ByteString, value: ByteString, lease: LeaseId): KeyValue | null {
    const at = revision(this.#revision + 1);
    let entry = this.#table.get(key);
    let previous: KeyValue | null = null;
    if (entry === undefined) {
      entry = new KeyEntry(key);
      this.#table.add(entry);
      this.#live.add(entry);
    } else {
      previous = entry.current;
      if (previous === null) {
        this.#deleted.remove(key);
        this.#live.add(entry);
        dropTombstone(entry, at);
      } else pushOlder(entry, at);
    }
    const keyValue: KeyValue = {
      key: entry.key,
      value,
      createRevision: previous === null ? at : previous.createRevision,
      modRevision: at,
      version: previous === null ? 1 : previous.version + 1,
      lease,
    };
    this.#liveBytes +=
      previous === null ? keyOverheadBytes + key.length + value.length : value.length - previous.value.length;
    entry.current = keyValue;
    this.#addToDigest(entry, keyValue);
    this.#journal.record({
      epoch: this.#journal.epoch,
      revision: at,
      sub: this.#changes++,
      timeMs: this.#journal.timeMs,
      space: this.space,
      op: 'put',
      key: entry.key,
      value,
      lease,
      createRevision: keyValue.createRevision,
      version: keyValue.version,
      previous,
    });
    this.#onChange?.(entry.key);
    return previous;
  }

  /** Null when there was no such key. */
  delete(key: ByteString): KeyValue | null {
    const entry = this.#table.get(key);
    if (entry === undefined || entry.current === null) return null;
    this.#live.remove(entry.key);
    this.#deleted.add(entry);
    return this.#bury(entry, entry.current);
  }

  /** Deletes keys given in order. Returns those that were there, as they were. */
  deleteAll(keys: readonly ByteString[]): KeyValue[] {
    const gone: KeyValue[] = [];
    if (keys.length < manyKeys) {
      for (const key of keys) {
        const previous = this.delete(key);
        if (previous !== null) gone.push(previous);
      }
      return gone;
    }
    const buried: KeyEntry[] = [];
    for (const key of keys) {
      const entry = this.#table.get(key);
      if (entry === undefined || entry.current === null) continue;
      buried.push(entry);
      gone.push(this.#bury(entry, entry.current));
    }
    this.#live.removeAll(buried);
    this.#deleted.addAll(buried);
    return gone;
  }

  /** All of a deletion but the order of keys. */
  #bury(entry: KeyEntry, previous: KeyValue): KeyValue {
    const at = revision(this.#revision + 1);
    this.#liveBytes -= keyOverheadBytes + entry.key.length + previous.value.length;
    pushTombstone(entry, at);
    entry.current = null;
    this.#removeFromDigest(entry);
    this.#journal.record({
      epoch: this.#journal.epoch,
      revision: at,
      sub: this.#changes++,
      timeMs: this.#journal.timeMs,
      space: this.space,
      op: 'delete',
      key: entry.key,
      value: emptyBytes,
      lease: noLease,
      createRevision: revision(0),
      version: 0,
      previous,
    });
    this.#onChange?.(entry.key);
    return previous;
  }

  /** Ends the transaction; the space's revision after it. */
  commit(): Revision {
    if (this.#changes > 0) {
      this.#changes = 0;
      this.#revision = revision(this.#revision + 1);
    }
    return this.#revision;
  }

  /** Only moves the mark: reads below it fail from now on. `sweep` frees what it made unreadable once the image knows of it. */
  compact(to: Revision): void {
    assert(
      to > this.#compacted && to <= this.#revision,
      'compaction moves forward, and not beyond the present',
    );
    this.#compacted = to;
  }

  /** No revision between the present one and the new present was or will be seen. */
  moveOn(by: number): void {
    assert(this.#changes === 0, 'nothing is under way');
    this.#revision = revision(this.#revision + by);
    this.compact(this.#revision);
  }

  /** All up to here is in the batch that is being taken for the image. */
  imageTaken(): void {
    if (this.#imageCompacted === this.#compacted) return;
    this.#imageCompacted = this.#compacted;
    if (this.#sweepShard < KeyTable.shardCount) this.#sweepAgain = true;
    else this.#sweepShard = 0;
  }

  /** One slice of the work that a compaction left; false when there is none. */
  sweep(): boolean {
    if (this.#sweepShard >= KeyTable.shardCount) return false;
    const hideVisible = mutant.active === 'compaction-hides-live';
    this.#sweeping ??= this.#table.shard(this.#sweepShard)[Symbol.iterator]();
    for (let left = sweptPerEntry; left > 0; left--) {
      const step = this.#sweeping.next();
      if (step.done === true) {
        this.#sweeping = null;
        this.#sweepShard++;
        if (this.#sweepShard === KeyTable.shardCount && this.#sweepAgain) {
          this.#sweepAgain = false;
          this.#sweepShard = 0;
        }
        break;
      }
      const entry = step.value;
      if (entry.older === null) continue;
      pruneOlder(entry, this.#imageCompacted, hideVisible);
      if (entry.older === null && entry.current === null) {
        this.#table.remove(entry.key);
        this.#deleted.remove(entry.key);
        left -= removalCost;
      }
    }
    return true;
  }

  /** So many keys were looked at. */
  worked(keys: number): void {
    this.#journal.worked(keys);
  }

  isSliceFull(keysPerSlice: number): boolean {
    return this.#journal.isSliceFull(keysPerSlice);
  }

  /** The revision that wrote what the key was just before `before`; 0 when it did not exist or that is compacted. */
  priorRevision(key: ByteString, before: Revision): Revision {
    if (before - 1 < this.#compacted) return revision(0);
    const entry = this.#table.get(key);
    return revision(entry === undefined ? 0 : versionAt(entry, before - 1));
  }

  /**
   * Whether the image needs that delta, as of the last image batch: what happened since may be lost in a crash and come again from the log.
   * All of the compacted revision itself is needed, tombstones too: a watcher may start right there.
   */
  isLive(key: ByteString, at: Revision): boolean {
    const compacted = this.#imageCompacted;
    const hides = mutant.active === 'compaction-hides-live';
    if (at > compacted || (at === compacted && !hides)) return true;
    const entry = this.#table.get(key);
    if (entry === undefined) return false;
    if (entry.current !== null && entry.current.modRevision === at) return true;
    return !hides && isVisibleAtCompacted(entry, at, compacted);
  }

  /** Takes a delta from the image; in order of revisions. Digest, order and leases are settled afterwards. */
  restoreDelta(delta: StateDelta): void {
    let entry = this.#table.get(delta.key);
    if (delta.op === 'put') {
      if (entry === undefined) {
        entry = new KeyEntry(delta.key);
        this.#table.add(entry);
      } else if (entry.current === null) dropTombstone(entry, delta.revision);
      else if (delta.revision > this.#compacted) pushOlder(entry, delta.revision);
      entry.current = {
        key: entry.key,
        value: delta.value,
        createRevision: delta.createRevision,
        modRevision: delta.revision,
        version: delta.version,
        lease: delta.lease,
      };
      return;
    }
    // Without an entry: a tombstone whose puts are already gone.
    if (entry === undefined || entry.current === null) return;
    pushTombstone(entry, delta.revision);
    entry.current = null;
    if (delta.revision <= this.#compacted) this.#table.remove(entry.key);
  }

  restoreRevisions(at: Revision, compacted: Revision): void {
    this.#revision = at;
    this.#compacted = compacted;
    this.#imageCompacted = compacted;
  }

  /** Second step of restoring: hashes one shard's entries; `visit` sees each live one. Returns its live keys in sorted runs. */
  *settleShard(index: number, visit: (keyValue: KeyValue) => void): Slices<ByteString[][]> {
    const runs: ByteString[][] = [];
    let run: ByteString[] = [];
    let seen = 0;
    for (const entry of this.#table.shard(index)) {
      if (++seen % runKeys === 0) yield;
      if (entry.older !== null) pruneOlder(entry, this.#compacted, false);
      if (entry.current === null) {
        this.#deleted.add(entry);
        continue;
      }
      this.#liveBytes += keyOverheadBytes + entry.key.length + entry.current.value.length;
      this.#addToDigest(entry, entry.current);
      visit(entry.current);
      if (run.length === runKeys) {
        runs.push(run.sort());
        run = [];
      }
      run.push(entry.key);
    }
    runs.push(run.sort());
    return runs;
  }

  /** Last step: the live keys in order. */
  restoreOrder(key: ByteString): void {
    this.#live.add(present(this.#table.get(key), 'it was settled'));
  }

  /** The digest's sums made anew from the content of one shard, to compare with the incremental ones. */
  shardSums(index: number): { readonly a: number; readonly b: number } {
    let a = 0;
    let b = 0;
    for (const { current } of this.#table.shard(index)) {
      if (current === null) continue;
      hashKeyValue(current);
      a = (a + elementHash.a) | 0;
      b = (b + elementHash.b) | 0;
    }
    return { a, b };
  }

  #addToDigest(entry: KeyEntry, keyValue: KeyValue): void {
    if (mutant.active === 'stale-digest' && keyValue.version > 1) return;
    hashKeyValue(keyValue);
    this.#sumA = (this.#sumA - entry.hashA + elementHash.a) | 0;
    this.#sumB = (this.#sumB - entry.hashB + elementHash.b) | 0;
    entry.hashA = elementHash.a;
    entry.hashB = elementHash.b;
  }

  #removeFromDigest(entry: KeyEntry): void {
    this.#sumA = (this.#sumA - entry.hashA) | 0;
    this.#sumB = (this.#sumB - entry.hashB) | 0;
    entry.hashA = 0;
    entry.hashB = 0;
  }
}
