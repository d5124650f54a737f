import { present } from '../foundation/assert.ts';
import type { ByteString } from '../foundation/bytes.ts';
import { type LeaseId, leaseId, leaseText, noLease } from '../foundation/ids.ts';
import type { Space } from '../ports/delta.ts';
import type { CommandResult } from '../ports/result.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { failed } from './failed.ts';
import { mergeRuns } from './mvcc/merge-runs.ts';
import type { SpaceStore } from './mvcc/space-store.ts';
import type { LeaseBook } from './mvcc/transaction.ts';
import { RecordDigest } from './records/record-digest.ts';
import type { Slices } from './slices.ts';

export interface Lease {
  readonly id: LeaseId;
  readonly ttlMs: number;
  deadlineMs: number;
  heapIndex: number;
  readonly keys: Map<SpaceStore, Set<ByteString>>;
}

export interface LeaseInfo {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /** In cluster time as of the last applied block; 0 at the least. */
  readonly remainingMs: number;
  readonly keys: readonly { readonly space: Space; readonly key: ByteString }[];
}

export interface LeaseLimits {
  /** Shorter ones are granted as this. */
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly count: number;
  readonly keysPerLease: number;
  readonly keysPerSlice: number;
}

/** Leases expired in one block at most, and keys, but for those of one lease: the rest follow in the next blocks, so that no block takes long. */
const expiredPerBlock = 2048;
const expiredKeysPerBlock = 8192;
/** Sorting so many slices' worth of keys takes about as long as deleting one's. */
const runSlices = 4;
const leaseRecord = 1;

/** Leases and the keys on them. Deadlines are in cluster time, so they pass in the log and not on any clock (promise 9). */
export class Leases implements LeaseBook {
  readonly #limits: LeaseLimits;
  readonly #byId = new Map<LeaseId, Lease>();
  readonly #heap = new DeadlineHeap<Lease>((left, right) => left.id < right.id);
  /** Changed or gone since the last image batch. */
  readonly #dirty = new Set<LeaseId>();
  /** Granted (with the time-to-live) and ended (null) since the last `takeChanges`. */
  #changes = new Map<LeaseId, number | null>();
  readonly #digest = new RecordDigest<LeaseId>((id) => {
    const lease = this.#byId.get(id);
    return lease === undefined ? null : [leaseRecord, String(id), lease.ttlMs, lease.deadlineMs, 0, 0, 0];
  });

  constructor(limits: LeaseLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#byId.size;
  }

  get digest(): RecordDigest<LeaseId> {
    return this.#digest;
  }

  get nextDeadlineMs(): number | null {
    return this.#heap.first?.deadlineMs ?? null;
  }

  get(id: LeaseId): Lease | undefined {
    return this.#byId.get(id);
  }

  has(id: LeaseId): boolean {
    return this.#byId.has(id);
  }

  isFull(id: LeaseId): boolean {
    const lease = this.#byId.get(id);
    return lease !== undefined && keyCount(lease) >= this.#limits.keysPerLease;
  }

  ids(): Iterable<LeaseId> {
    return this.#byId.keys();
  }

  all(): Iterable<Lease> {
    return this.#byId.values();
  }

  info(lease: Lease, nowMs: number): LeaseInfo {
    const keys: { space: Space; key: ByteString }[] = [];
    for (const [store, onLease] of lease.keys)
      for (const key of onLease) keys.push({ space: store.space, key });
    return { id: lease.id, ttlMs: lease.ttlMs, remainingMs: Math.max(0, lease.deadlineMs - nowMs), keys };
  }

  /** As `info` says it, without looking at the keys; null: there is no such lease. */
  deadlineMs(id: LeaseId): number | null {
    return this.#byId.get(id)?.deadlineMs ?? null;
  }

  /** `fallback`: the id to take when none was chosen, or the next free one. */
  grant(id: LeaseId, ttlMs: number, fallback: LeaseId, nowMs: number): CommandResult {
    if (!(ttlMs <= this.#limits.maxTtlMs))
      return failed(
        'lease-ttl-invalid',
        `a time-to-live of ${ttlMs} ms is above ${this.#limits.maxTtlMs} ms`,
      );
    if (this.#byId.has(id)) return failed('lease-exists', `lease ${leaseText(id)} exists already`);
    if (this.#byId.size >= this.#limits.count)
      return failed('overloaded', `${this.#limits.count} leases exist; revoke some first`);
    let chosen = id === noLease ? fallback : id;
    while (this.#byId.has(chosen)) chosen = leaseId(chosen + 1n);
    const granted = Math.max(ttlMs, this.#limits.minTtlMs);
    this.#insert(chosen, granted, nowMs + granted);
    this.#changes.set(chosen, granted);
    return { kind: 'leaseGrant', id: chosen, ttlMs: granted };
  }

  keepAlive(ids: readonly LeaseId[], nowMs: number): CommandResult {
    const ttlMs = ids.map((id) => {
      const lease = this.#byId.get(id);
      // One that is due is gone, although it may end in a later block only.
      if (lease === undefined || lease.deadlineMs <= nowMs) return 0;
      this.#renew(lease, nowMs);
      return lease.ttlMs;
    });
    return { kind: 'leaseKeepAlive', ttlMs };
  }

  *revoke(id: LeaseId): Slices<CommandResult> {
    const lease = this.#byId.get(id);
    if (lease === undefined)
      return failed('lease-not-found', `lease ${leaseText(id)} does not exist or has expired`);
    yield* this.#end(lease);
    return { kind: 'leaseRevoke' };
  }

  /** Ends what is due at `nowMs`, the earliest deadline first, ties by id. */
  *expire(nowMs: number): Slices<undefined> {
    let keys = 0;
    for (let i = 0; i < expiredPerBlock; i++) {
      const lease = this.#heap.first;
      if (lease === undefined || lease.deadlineMs > nowMs) return;
      const own = keyCount(lease);
      if (i > 0 && keys + own > expiredKeysPerBlock) return;
      keys += own;
      yield* this.#end(lease);
    }
  }

  /** The fault that a failover must not have (mutant `lease-reset-at-failover`). */
  renewAll(nowMs: number): void {
    for (const lease of this.#byId.values()) this.#renew(lease, nowMs);
  }

  moveKey(store: SpaceStore, key: ByteString, from: LeaseId, to: LeaseId): void {
    if (from !== noLease) this.#byId.get(from)?.keys.get(store)?.delete(key);
    if (to === noLease) return;
    const { keys } = present(this.#byId.get(to), 'a key goes only onto a lease that exists');
    const onLease = keys.get(store);
    if (onLease === undefined) keys.set(store, new Set([key]));
    else onLease.add(key);
  }

  restore(id: LeaseId, ttlMs: number, deadlineMs: number): void {
    this.#insert(id, ttlMs, deadlineMs);
    this.#dirty.delete(id);
  }

  /** Leases granted, with their time-to-live in ms, and ended (null) since the last call. */
  takeChanges(): ReadonlyMap<LeaseId, number | null> {
    const changes = this.#changes;
    if (changes.size > 0) this.#changes = new Map();
    return changes;
  }

  takeDirty(): readonly LeaseId[] {
    const ids = [...this.#dirty];
    this.#dirty.clear();
    return ids;
  }

  #insert(id: LeaseId, ttlMs: number, deadlineMs: number): void {
    const lease: Lease = { id, ttlMs, deadlineMs, heapIndex: -1, keys: new Map() };
    this.#byId.set(id, lease);
    this.#heap.add(lease);
    this.#touch(id);
  }

  #renew(lease: Lease, nowMs: number): void {
    lease.deadlineMs = nowMs + lease.ttlMs;
    this.#heap.moved(lease);
    this.#touch(lease.id);
  }

  /** Deletes its keys in key order, one revision a space, as etcd does. */
  *#end(lease: Lease): Slices<undefined> {
    this.#heap.remove(lease);
    this.#byId.delete(lease.id);
    this.#changes.set(lease.id, null);
    this.#touch(lease.id);
    const stores = [...lease.keys.keys()].sort((a, b) => (a.space < b.space ? -1 : 1));
    for (const store of stores) {
      for (const keys of yield* this.#inOrder(lease.keys.get(store) ?? [])) {
        store.deleteAll(keys);
        if (keys.length === this.#limits.keysPerSlice) yield;
      }
      store.commit();
    }
  }

  /** In pages of a slice each; sorted in runs, since the keys of one lease may be a million. */
  *#inOrder(keys: Iterable<ByteString>): Slices<Iterable<ByteString[]>> {
    const { keysPerSlice } = this.#limits;
    const runs: ByteString[][] = [];
    let run: ByteString[] = [];
    for (const key of keys) {
      if (run.length === runSlices * keysPerSlice) {
        runs.push(run.sort());
        run = [];
        yield;
      }
      run.push(key);
    }
    runs.push(run.sort());
    return pagesOf(runs.length === 1 ? run : mergeRuns(runs), keysPerSlice);
  }

  #touch(id: LeaseId): void {
    this.#dirty.add(id);
    this.#digest.touch(id);
  }
}

function* pagesOf(keys: Iterable<ByteString>, size: number): Generator<ByteString[]> {
  let page: ByteString[] = [];
  for (const key of keys) {
    page.push(key);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function keyCount(lease: Lease): number {
  let count = 0;
  for (const keys of lease.keys.values()) count += keys.size;
  return count;
}
