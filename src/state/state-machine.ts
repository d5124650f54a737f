import { assert } from '../foundation/assert.ts';
import type { ByteString } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import {
  type ClusterTimeMs,
  clusterTimeMs,
  type LeaseId,
  logIndex,
  type NodeId,
  noLease,
  type Revision,
  revision,
  type SessionId,
  term,
} from '../foundation/ids.ts';
import type { RequestLimits } from '../foundation/limits.ts';
import { mutant } from '../foundation/mutants.ts';
import type {
  Alarm,
  Block,
  Policy,
  PredictableSpace,
  RangeRequest,
  SealedPrediction,
  TxnCommand,
} from '../ports/command.ts';
import { bySpace, type KeyValue, type Space, type StateDelta, spaces } from '../ports/delta.ts';
import type { AppliedPoint, HistoryStore, ImageBatch, LoadedImage } from '../ports/image-store.ts';
import type { Configuration, LogPoint } from '../ports/log-store.ts';
import type { MemberChange } from '../ports/membership.ts';
import type { CommandResult, FailedResult, RangeResult, TxnResult } from '../ports/result.ts';
import { Alarms } from './alarms.ts';
import { defaultBounds, type StateBounds } from './checks/bounds.ts';
import { validateCommand, validateRange } from './checks/validate.ts';
import { DeltaJournal } from './delta-journal.ts';
import { Executor } from './executor.ts';
import type { LeaseInfo, Leases } from './leases.ts';
import { Members } from './members.ts';
import { type ChangedPage, changedPage } from './mvcc/changed-page.ts';
import { formatDigest } from './mvcc/element-hash.ts';
import { type RangePlan, rangeOlder } from './mvcc/older-range.ts';
import { checkRevision, rangeLatest } from './mvcc/range.ts';
import { isLarge, type ScanPort, scanRange } from './mvcc/range-scan.ts';
import { readTxn } from './mvcc/transaction.ts';
import { lastChangeAt } from './mvcc/versions.ts';
import { historyWith } from './pending-history.ts';
import { Policies, type PolicyOfPrefix } from './policies.ts';
import type { Predictions } from './predicted/predictions.ts';
import { contradictionOf, verifyDigest } from './records/compare-stored.ts';
import { emptyLeases, emptyPredictions, emptySessions, emptyStores, type Stores } from './records/content.ts';
import { type Books, dirtyRecords } from './records/image-records.ts';
import { restoreContent } from './records/restore-content.ts';
import { isRecord, recordKeys } from './records/stored-records.ts';
import { moveOnBy, type Refounding } from './refounding.ts';
import type { Sessions } from './sessions/sessions.ts';
import { defaultKeysPerSlice, finish, type Slices } from './slices.ts';

export interface StateMachineOptions {
  readonly limits: RequestLimits;
  /** Who counts until the log says otherwise; it goes into images and snapshots. Default: nobody. */
  readonly configuration?: Configuration;
  /** Equal on all replicas of a cluster: what apply does depends on them. */
  readonly bounds?: Partial<StateBounds>;
  /** What `begin` does at a time; replicas may differ in it. Default: 512. */
  readonly keysPerSlice?: number;
}

/** Results per batch, per command, in the same order. */
export type BlockResults = readonly (readonly CommandResult[])[];

/** Cluster time moves at most this far a stamp (promise 9). */
export const maxStepMs = 2000;
/** Sessions and leases take their ids from log positions: entry index × this + position of the command in its block. */
export const positionsPerEntry = 65_536;

const nobody: Configuration = { voters: [], outgoing: [], learners: [] };

/**
 * The replicated state. `apply` and `applyEmpty` are the only ways to change it; they are synchronous and depend on nothing but the
 * state and the entry, so replicas that applied the same entries are equal. One caller, never re-entrant.
 */
export class StateMachine {
  readonly #limits: RequestLimits;
  readonly #bounds: StateBounds;
  readonly #keysPerSlice: number;
  #journal = new DeltaJournal();
  #stores: Stores;
  #leases: Leases;
  #sessions: Sessions;
  #policies: Policies;
  #predictions: Predictions;
  #alarms = new Alarms();
  #members = new Members();
  #executor: Executor;
  #applied: LogPoint = { index: logIndex(0), term: term(0) };
  /** The entry that is being applied, or was last. */
  #at: LogPoint = this.#applied;
  /** Revisions before the entry that is being applied. */
  readonly #before = { revision: bySpace(() => revision(1)), compacted: bySpace(() => revision(0)) };
  #configuration: Configuration;

  constructor(options: StateMachineOptions) {
    this.#limits = options.limits;
    this.#configuration = options.configuration ?? nobody;
    this.#bounds = { ...defaultBounds, ...options.bounds };
    this.#keysPerSlice = options.keysPerSlice ?? defaultKeysPerSlice;
    this.#stores = emptyStores(this.#journal);
    this.#leases = emptyLeases(this.#bounds, this.#keysPerSlice);
    this.#sessions = emptySessions(this.#bounds);
    this.#policies = new Policies(this.#stores.system);
    this.#predictions = emptyPredictions(this.#stores, this.#bounds, this.#keysPerSlice);
    this.#executor = this.#newExecutor();
  }

  /** The last entry applied as a whole. */
  get applied(): LogPoint {
    return this.#applied;
  }

  /** False: an entry has been begun and is not applied as a whole. */
  get whole(): boolean {
    return this.#at === this.#applied;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  /** Cluster time as of the last block; 0 before the first. */
  get timeMs(): ClusterTimeMs {
    return this.#journal.timeMs;
  }

  hasSession(id: SessionId): boolean {
    return this.#sessions.get(id) !== undefined;
  }

  get sessionCount(): number {
    return this.#sessions.count;
  }

  get leaseCount(): number {
    return this.#leases.count;
  }

  /** When the next lease, session or prediction is due: a leader proposes a block (empty if need be) once its stamp would reach it. */
  get nextDeadlineMs(): number | null {
    const lease = this.#leases.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
    const session = this.#sessions.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
    const prediction = this.#predictions.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
    const first = Math.min(lease, session, prediction);
    return Number.isFinite(first) ? first : null;
  }

  get predictionCount(): number {
    return this.#predictions.count;
  }

  /** Every prediction that is held, in no order; callers bound how much of it they take in a turn. */
  predictions(): Iterable<SealedPrediction> {
    return this.#predictions.all();
  }

  /** What is predicted of the key, made from its present revision. Whether its last moment has passed is for the caller to see. */
  predictionOf(space: PredictableSpace, key: ByteString): SealedPrediction | null {
    return this.#predictions.of(space, key);
  }

  /** As of the last entry applied as a whole. */
  revision(space: Space): Revision {
    return this.whole ? this.#stores[space].revision : this.#before.revision[space];
  }

  /** As of the same. */
  compacted(space: Space): Revision {
    return this.whole ? this.#stores[space].compacted : this.#before.compacted[space];
  }

  keyCount(space: Space): number {
    return this.#stores[space].keyCount;
  }

  /** 16 hex digits over the live content of the space; `system` includes leases, sessions, alarms and members. Equal content, equal digest. */
  digest(space: Space): string {
    if (space === 'user' && mutant.active === 'prediction-in-user-digest') return this.#mixedDigest();
    if (space !== 'system') return this.#stores[space].digest;
    let { a, b } = this.#stores.system.digestSums;
    for (const book of Object.values(this.#books())) {
      const sums = (book as Books[keyof Books]).digest.sums();
      a += sums.a;
      b += sums.b;
    }
    return formatDigest(a, b);
  }

  /** The fault that promise 5 rules out. */
  #mixedDigest(): string {
    const { user, predicted } = this.#stores;
    return formatDigest(
      user.digestSums.a + predicted.digestSums.a,
      user.digestSums.b + predicted.digestSums.b,
    );
  }

  #books(): Books {
    return {
      leases: this.#leases,
      sessions: this.#sessions,
      alarms: this.#alarms,
      members: this.#members,
    };
  }

  #sessionsDigest(): string {
    const { a, b } = this.#sessions.digest.sums();
    return formatDigest(a, b);
  }

  /** See `contradictionOf`. */
  contradiction(delta: StateDelta): string | null {
    return contradictionOf(this.#stores[delta.space], delta);
  }

  /** See `recordKeys`. */
  recordKeys(): Generator<string> {
    return recordKeys(this.#books());
  }

  /** See `isRecord`. */
  isRecord(key: string): boolean {
    return isRecord(this.#books(), key);
  }

  /** See `verifyDigest`. */
  async verifyDigest(space: Space, yieldTurn: () => Promise<void>): Promise<boolean> {
    return verifyDigest({ isWhole: () => this.whole, current: () => this.#stores[space] }, yieldTurn);
  }

  /** Applies the entry at `point`, which follows the last one. */
  apply(point: LogPoint, block: Block): BlockResults {
    return finish(this.begin(point, block));
  }

  /**
   * The same in slices of a few ms: what apply holds the event loop for. Until it returns the state is not `whole`: it may be neither read
   * (but for `revision`, `compacted`, and what watchers need of revisions up to these) nor changed otherwise. Giving up half-way is for `restore`.
   */
  *begin(point: LogPoint, block: Block): Slices<BlockResults> {
    this.#advance(point);
    for (const space of spaces) {
      this.#before.revision[space] = this.#stores[space].revision;
      this.#before.compacted[space] = this.#stores[space].compacted;
    }
    this.#moveTime(block.timeMs);
    const nowMs = this.#journal.timeMs;
    yield* this.#leases.expire(mutant.active === 'lease-by-local-clock' ? block.timeMs : nowMs);
    this.#sessions.expire(nowMs);
    yield* this.#predictions.expire(nowMs);
    const results: (readonly CommandResult[])[] = [];
    const firstId = point.index * positionsPerEntry;
    let position = 0;
    for (const batch of block.batches) {
      results.push(yield* this.#executor.batch(batch, firstId + position));
      position += batch.commands.length;
    }
    assert(position <= positionsPerEntry, 'a block holds fewer commands than ids have room for');
    this.#predictions.compact();
    this.sweep();
    this.#applied = point;
    return results;
  }

  /** Applies an entry without commands: a new term's first one, or a membership change (then with what it sets). */
  applyEmpty(point: LogPoint, configuration?: Configuration, change?: MemberChange | null): void {
    this.#advance(point);
    if (change !== undefined && change !== null) {
      this.#members.apply(change);
      for (const id of change.removed) this.#alarms.forget(id);
    }
    if (configuration !== undefined) this.#configuration = configuration;
    else if (mutant.active === 'lease-reset-at-failover') this.#leases.renewAll(this.#journal.timeMs);
    this.#applied = point;
  }

  /** Frees a little of what compactions left in memory; every apply does. Changes nothing that anyone can see. */
  sweep(): void {
    for (const space of spaces) this.#stores[space].sweep();
  }

  /**
   * A read. The latest values, and older ones that memory still has, at once; else a plan for `completeRange` with `history`.
   * Failures: `key-empty`, `key-too-large`, `invalid-argument`, `revision-compacted`, `revision-future`.
   */
  range(request: RangeRequest): RangeResult | RangePlan | FailedResult {
    const store = this.#stores[request.space];
    const failure = validateRange(request, this.#limits) ?? checkRevision(store, request.revision);
    if (failure !== null) return failure;
    if (request.revision === 0 || request.revision === store.revision) return rangeLatest(store, request);
    return rangeOlder(store, request);
  }

  /** A transaction that writes nothing, with the failures that it has when it is applied; null: it looks at too much for one turn, and is to be applied. */
  readTxn(txn: TxnCommand): TxnResult | FailedResult | null {
    return validateCommand(txn, this.#limits) ?? readTxn(this.#stores[txn.space], this.#leases, txn);
  }

  /** The bound of a page of `count` keys from `from` on; null: it is the last one. */
  keyBeyond(space: Space, from: ByteString, count: number): ByteString | null {
    return this.#stores[space].keyBeyond(from, count);
  }

  /**
   * Of the next `keysPerTurn` keys from `from` on those that changed after `since` and up to `at`, which is readable; tombstones as long as `since` is not
   * below the compacted revision.
   */
  changedKeys(space: Space, from: ByteString, since: Revision, at: Revision): ChangedPage {
    return changedPage(this.#stores[space], from, since, at);
  }

  /** The revision of the key's last change up to `at`, negated when that deleted it; 0: none that is known. */
  lastChange(space: Space, key: ByteString, at: Revision): number {
    const entry = this.#stores[space].entry(key);
    return entry === undefined ? 0 : lastChangeAt(entry, at);
  }

  /** Number and digest of the live keys alone, without the records that `digest` of `system` has in it. */
  keysDigest(space: Space): { readonly keys: number; readonly digest: string } {
    const { a, b } = this.#stores[space].digestSums;
    return { keys: this.#stores[space].keyCount, digest: formatDigest(a, b) };
  }

  /** The live values with `from` ≤ key < `to` (null: unbounded), in order. Callers bound how many there are. */
  valuesOf(space: Space, from: ByteString, to: ByteString | null): readonly KeyValue[] {
    const store = this.#stores[space];
    return store.keys(from, to, 0).flatMap((key) => store.get(key) ?? []);
  }

  /** Whether `scan` is the way to read this: `range` would hold the event loop. */
  isLarge(request: RangeRequest): boolean {
    return isLarge(this.#stores[request.space], request);
  }

  /** As `range` and `completeRange`, in pieces: see `scanRange`. */
  async scan(request: RangeRequest, port: ScanPort): Promise<RangeResult | FailedResult | null> {
    const store = this.#stores[request.space];
    const failure = validateRange(request, this.#limits) ?? checkRevision(store, request.revision);
    return failure ?? scanRange(store, request, port);
  }

  lease(id: LeaseId): LeaseInfo | null {
    const lease = this.#leases.get(id);
    return lease === undefined ? null : this.#leases.info(lease, this.#journal.timeMs);
  }

  /** In cluster time; null: there is no such lease. */
  leaseDeadlineMs(id: LeaseId): number | null {
    return this.#leases.deadlineMs(id);
  }

  /** Null: there is no such lease. */
  leaseTtlMs(id: LeaseId): number | null {
    return this.#leases.get(id)?.ttlMs ?? null;
  }

  /** May be gone through while leases come and go. */
  leaseIds(): Iterable<LeaseId> {
    return this.#leases.ids();
  }

  *leases(): Iterable<LeaseInfo> {
    for (const lease of this.#leases.all()) yield this.#leases.info(lease, this.#journal.timeMs);
  }

  /** A live view until the next `restore`. */
  get members(): Members {
    return this.#members;
  }

  alarms(): readonly Alarm[] {
    return this.#alarms.list();
  }

  /** Replicas differ, and no majority is right: writes are refused. */
  get corrupt(): boolean {
    return this.#alarms.corrupt;
  }

  /** Whether this member is one of those that differ. */
  isCorrupt(member: NodeId): boolean {
    return this.#alarms.isCorrupt(member);
  }

  get noSpace(): boolean {
    return this.#alarms.noSpace;
  }

  /**
   * What the quota bounds: of each live key of `user` and `planes` its bytes, those of its value, and `keyOverheadBytes`. A function of the live
   * content, so equal on all replicas; older revisions are not in it, compaction frees them.
   */
  get liveBytes(): number {
    return this.#stores.user.liveBytes + this.#stores.planes.liveBytes;
  }

  policies(): readonly PolicyOfPrefix[] {
    return this.#policies.list();
  }

  /** Cheap enough for every put. */
  policyFor(key: ByteString): Policy {
    return this.#policies.for(key);
  }

  /** The revision that wrote what `key` was just before `before`; 0: nothing, or compacted. */
  priorRevision(space: Space, key: ByteString, before: Revision): Revision {
    return this.#stores[space].priorRevision(key, before);
  }

  /** All changes since the last call, in order, each with the key's previous value. */
  takeDeltas(): readonly StateDelta[] {
    return this.#journal.takeDeltas();
  }

  /** Leases granted, with their time-to-live in ms, and ended (null) since the last call. */
  takeLeaseChanges(): ReadonlyMap<LeaseId, number | null> {
    return this.#leases.takeChanges();
  }

  /** Of those of the next image batch what is there so far, for `ImageStore.stage` in the same turn. */
  takeForImage(): readonly StateDelta[] {
    return this.#journal.takeForImage();
  }

  /** Everything since the last call, for `ImageStore.append` in the same turn. */
  takeImageBatch(): ImageBatch {
    assert(this.whole, 'an image is of whole entries');
    for (const space of spaces) this.#stores[space].imageTaken();
    return {
      applied: this.#appliedPoint(),
      deltas: this.#journal.takeForImage(),
      records: dirtyRecords(this.#books()),
    };
  }

  /** Of the key's latest value; 0: it has none. */
  modRevision(space: Space, key: ByteString): number {
    return this.#stores[space].get(key)?.modRevision ?? 0;
  }

  /** See `IsLive`: for `ImageStore.reclaim`, as of the last image batch. */
  isLive(space: Space, key: ByteString, revision: Revision): boolean {
    return this.#stores[space].isLive(key, revision);
  }

  /** `stored` together with what has been applied and is not in it yet. Readers of older revisions use this one. */
  history(stored: HistoryStore): HistoryStore {
    return historyWith(() => this.#journal.notInImage, stored);
  }

  /**
   * Replaces the whole state by a loaded image. `yieldTurn` lets other inputs be handled; the state must not be read or changed meanwhile.
   * Fails with `data-damaged` when the image's content is not what its digests say.
   */
  async restore(loaded: LoadedImage, yieldTurn: () => Promise<void>): Promise<void> {
    await this.adopt(loaded, yieldTurn);
    for (const space of spaces) {
      const expected = loaded.applied.digests[space];
      const actual = this.digest(space);
      if (actual !== expected)
        throw new TanistError(
          'data-damaged',
          `the state image of space ${space} has digest ${actual}, recorded was ${expected}; rebuild this node from its peers`,
        );
    }
  }

  /** As `restore`, of content that has been proved right in another way: its digests are not looked at. */
  async adopt(loaded: LoadedImage, yieldTurn: () => Promise<void>): Promise<void> {
    this.#clear(loaded.applied);
    await restoreContent(loaded, this.#stores, this.#books(), this.#predictions, yieldTurn);
  }

  /**
   * Makes the state, just restored, the beginning of another lineage (promise 8): revisions and log positions, of which ids are made, move on, with
   * everything between compacted; a new epoch; other voters. Sessions are the caller's to leave out.
   */
  refound({ configuration, term: at, members, leases, note }: Refounding): void {
    assert(this.#sessions.count === 0, 'no session outlives its lineage');
    assert(this.#predictions.count === 0, 'nor does what was predicted in it');
    const point = { index: logIndex(this.#applied.index + moveOnBy), term: at ?? this.#applied.term };
    this.#at = this.#applied = point;
    if (mutant.active !== 'forced-without-new-epoch') this.#journal.epoch += 1;
    this.#configuration = configuration;
    if (members === 'forget') this.#members.clear();
    else this.#members.apply({ set: members, removed: [] });
    for (const { member, kind } of this.#alarms.list())
      this.#alarms.apply({ kind: 'alarm', action: 'deactivate', member, alarm: kind });
    if (mutant.active !== 'revisions-not-moved-on')
      for (const space of spaces) if (space !== 'predicted') this.#stores[space].moveOn(moveOnBy);
    if (leases === 'full') this.#leases.renewAll(this.#journal.timeMs);
    if (note === undefined) return;
    this.#stores.system.put(note.key, note.value, noLease);
    this.#stores.system.commit();
  }

  #clear(applied: AppliedPoint): void {
    this.#journal = new DeltaJournal();
    this.#journal.epoch = applied.epoch;
    this.#journal.timeMs = applied.timeMs;
    this.#stores = emptyStores(this.#journal);
    this.#leases = emptyLeases(this.#bounds, this.#keysPerSlice);
    this.#sessions = emptySessions(this.#bounds);
    this.#policies = new Policies(this.#stores.system);
    this.#predictions = emptyPredictions(this.#stores, this.#bounds, this.#keysPerSlice);
    this.#alarms = new Alarms();
    this.#members = new Members();
    this.#executor = this.#newExecutor();
    this.#at = this.#applied = applied.point;
    this.#configuration = applied.configuration;
    for (const space of spaces) {
      const { revision, compacted } = applied.revisions[space];
      this.#stores[space].restoreRevisions(revision, compacted);
    }
  }

  #advance(point: LogPoint): void {
    assert(this.whole, 'one entry at a time');
    assert(point.index === this.#applied.index + 1, 'entries are applied in order, each once');
    assert(point.term >= this.#applied.term, 'terms never go back in the log');
    this.#at = point;
  }

  /** The first stamp ever is taken as it is. */
  #moveTime(stampMs: number): void {
    const nowMs = this.#journal.timeMs;
    const movedMs = nowMs === 0 ? stampMs : Math.max(nowMs, Math.min(stampMs, nowMs + maxStepMs));
    this.#journal.timeMs = clusterTimeMs(mutant.active === 'cluster-time-goes-back' ? stampMs : movedMs);
  }

  #newExecutor(): Executor {
    return new Executor({
      journal: this.#journal,
      stores: this.#stores,
      leases: this.#leases,
      sessions: this.#sessions,
      policies: this.#policies,
      predictions: this.#predictions,
      alarms: this.#alarms,
      bounds: this.#bounds,
      keysPerSlice: this.#keysPerSlice,
    });
  }

  #appliedPoint(): AppliedPoint {
    return {
      point: this.#applied,
      timeMs: this.#journal.timeMs,
      epoch: this.#journal.epoch,
      configuration: this.#configuration,
      revisions: bySpace((space) => ({ revision: this.revision(space), compacted: this.compacted(space) })),
      digests: bySpace((space) => this.digest(space)),
      sessions: this.#sessionsDigest(),
    };
  }
}

export function createStateMachine(options: StateMachineOptions): StateMachine {
  return new StateMachine(options);
}

export { defaultBounds, type StateBounds } from './checks/bounds.ts';
export type { ChangedPage } from './mvcc/changed-page.ts';
export type { RangePlan } from './mvcc/older-range.ts';
export { completeRange, keyValueOf } from './mvcc/older-range.ts';
export type { ScanPort } from './mvcc/range-scan.ts';
export { moveOnBy, type Refounding } from './refounding.ts';
export type { LeaseInfo, PolicyOfPrefix };
