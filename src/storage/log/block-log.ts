import { assert } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type LogIndex, logIndex, type NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseChange } from '../../ports/database.ts';
import type {
  HardState,
  LogAppend,
  LogEntry,
  LogImage,
  LogPoint,
  LogScrub,
  LogStore,
  PeerIdentity,
  StoreIdentity,
} from '../../ports/log-store.ts';
import { damaged, formatVersion, isSealed } from '../record-codec.ts';
import {
  type Block,
  blockKey,
  type ChainHash,
  chainStart,
  entryBytes,
  readBlockEntries,
  readBlockHeader,
} from './block-codec.ts';
import { type BlockIndex, isSame } from './block-index.ts';
import {
  chainDigits,
  hardKey,
  identityKey,
  peerPrefix,
  putJson,
  putWitness,
  readWitness,
  startKey,
  witnessKey,
} from './log-records.ts';
import { planAppend } from './plan-append.ts';
import type { IdentityRecord } from './store-identity.ts';

export interface BlockLogStart {
  readonly database: Database;
  /** Makes another log with what `write` puts into it, closes this one with what that returned, and opens the other in its place. */
  readonly renewed: (write: (database: Database) => Promise<() => Promise<void>>) => Promise<Database>;
  readonly place: string;
  readonly identity: StoreIdentity;
  readonly image: LogImage;
  /** Its own from now on. */
  readonly blocks: BlockIndex;
  readonly chain: ChainHash;
  readonly blockBytes: number;
}

type Step =
  | { readonly kind: 'append'; readonly change: LogAppend }
  | { readonly kind: 'peer'; readonly id: NodeId; readonly identity: PeerIdentity }
  | { readonly kind: 'barrier' }
  | { readonly kind: 'identity' }
  | { readonly kind: 'renew'; readonly point: LogPoint }
  | { readonly kind: 'compact'; readonly point: LogPoint }
  | { readonly kind: 'reset'; readonly point: LogPoint; readonly hardState: HardState };

/** Looked at in one turn, however small. */
const scrubBlocks = 512;

interface Waiting {
  readonly step: Step;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The log as blocks in a database. One write at a time: what arrives meanwhile waits and goes together into the next one (group commit). What is in
 * memory here (blocks, chain, start) always describes what is durable.
 */
export class BlockLog implements LogStore {
  readonly identity: StoreIdentity;
  readonly image: LogImage;
  #database: Database;
  readonly #renewed: BlockLogStart['renewed'];
  readonly #peers: Map<NodeId, PeerIdentity>;
  #doubt: string | undefined;
  readonly #place: string;
  readonly #blockBytes: number;
  readonly #blocks: BlockIndex;
  #chain: ChainHash;
  #start: LogPoint;
  #hardState: HardState;
  #queue: Waiting[] = [];
  #busy = false;
  #failed: unknown = null;
  #read: { readonly block: Block; readonly entries: readonly LogEntry[] } | null = null;

  constructor(start: BlockLogStart) {
    const doubt = (): string | undefined => this.#doubt;
    this.identity = {
      ...start.identity,
      get doubt() {
        return doubt();
      },
    };
    this.image = start.image;
    this.#database = start.database;
    this.#renewed = start.renewed;
    this.#peers = new Map(start.image.peers);
    this.#doubt = start.identity.doubt;
    this.#place = start.place;
    this.#blockBytes = start.blockBytes;
    this.#blocks = start.blocks;
    this.#chain = start.chain;
    this.#start = start.image.compacted;
    this.#hardState = start.image.hardState;
  }

  append(change: LogAppend): Promise<void> {
    const done = this.#enqueue({ kind: 'append', change });
    if (mutant.active !== 'acknowledge-before-sync') return done;
    done.catch(() => undefined);
    return Promise.resolve();
  }

  compact(point: LogPoint): Promise<void> {
    return this.#enqueue({ kind: 'compact', point });
  }

  reset(point: LogPoint, hardState: HardState): Promise<void> {
    return this.#enqueue({ kind: 'reset', point, hardState });
  }

  rememberPeer(id: NodeId, identity: PeerIdentity): Promise<void> {
    return this.#enqueue({ kind: 'peer', id, identity });
  }

  clearDoubt(): Promise<void> {
    this.#doubt = undefined;
    return this.#enqueue({ kind: 'identity' });
  }

  renew(point: LogPoint): Promise<void> {
    return this.#enqueue({ kind: 'renew', point });
  }

  async inspect(pace: (bytes: number) => Promise<void>): Promise<string | null> {
    return (await this.#database.inspect?.(pace)) ?? null;
  }

  async scrub(from: LogIndex, through: LogIndex, budgetBytes: number): Promise<LogScrub> {
    const run = this.#runOf(from, through, budgetBytes);
    const bytes = run.reduce((sum, block) => sum + block.bytes, 0);
    for (const block of await this.#doubtfulOf(run)) {
      const what = await this.#faultIn(block);
      if (what !== null) return { bytes, next: null, fault: { what, through: block.last } };
    }
    const last = run.at(-1);
    if (last !== undefined && last.last < through)
      return { bytes, next: logIndex(last.last + 1), fault: null };
    const what = await this.#faultInRecords();
    return { bytes, next: null, fault: what === null ? null : { what, through: this.#start.index } };
  }

  #runOf(from: LogIndex, through: LogIndex, budgetBytes: number): readonly Block[] {
    const run: Block[] = [];
    let bytes = 0;
    for (let at = this.#blocks.firstEndingAt(from); run.length < scrubBlocks && bytes < budgetBytes; at++) {
      const block = this.#blocks.at(at);
      if (block === undefined || block.first > through) break;
      run.push(block);
      bytes += block.bytes;
    }
    return run;
  }

  /** Those that one look at all of them together doesn't find well: damaged, or changed meanwhile. */
  async #doubtfulOf(run: readonly Block[]): Promise<readonly Block[]> {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) return [];
    const values = await this.#look((database) =>
      valuesOf(database, blockKey(first.first), witnessKey(blockKey(last.first)), 4 * this.#blockBytes),
    );
    if (values === undefined) return run;
    return run.filter((block) => {
      const key = blockKey(block.first);
      return faultOf(block, values.get(key), values.get(witnessKey(key))) !== null;
    });
  }

  /** For the scrub. Undefined: LevelDB itself cannot make sense of it. */
  async #look<T>(read: (database: Database) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const database = this.#database;
      try {
        return await read(database);
      } catch (error) {
        if (error instanceof TanistError && error.code === 'data-damaged') return undefined;
        // The log may just be made anew: then this one is closed, and the other one counts.
        await this.#enqueue({ kind: 'barrier' });
        if (this.#database === database) throw error;
      }
    }
  }

  /** As the disk has it now, not as a reader remembers it. */
  async #faultIn(block: Block): Promise<string | null> {
    const key = blockKey(block.first);
    const there = (): boolean => this.#blocks.has(block);
    for (let attempt = 0; attempt < 2; attempt++) {
      const value = await this.#look((database) => database.get(key));
      const witness = await this.#look((database) => database.get(witnessKey(key)));
      if (!there()) return null;
      const what = faultOf(block, value, witness);
      if (what === null) return null;
      // A write that replaces it may be on the disk already.
      await this.#enqueue({ kind: 'barrier' });
      if (!there()) return null;
      if (attempt === 1) return what;
    }
    return null;
  }

  async #faultInRecords(): Promise<string | null> {
    for (const key of [
      identityKey,
      hardKey,
      startKey,
      ...[...this.#peers.keys()].map((id) => peerPrefix + id),
    ]) {
      const value = await this.#look((database) => database.get(key));
      if (value !== undefined && isSealed(key, value)) continue;
      await this.#enqueue({ kind: 'barrier' });
      const again = await this.#look((database) => database.get(key));
      if (again === undefined) return `record ${key} is gone`;
      if (!isSealed(key, again)) return `the checksum of record ${key} is wrong`;
    }
    return null;
  }

  /** What LevelDB itself cannot make sense of is damage, too: to the caller it is gone. */
  async #valueOf(key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#database.get(key);
    } catch (error) {
      if (error instanceof TanistError && error.code === 'data-damaged') return undefined;
      throw error;
    }
  }

  get compactedIndex(): LogIndex {
    return this.#start.index;
  }

  sizeBytes(): number {
    return this.#blocks.bytes;
  }

  async close(): Promise<void> {
    await this.#enqueue({ kind: 'barrier' }).catch(() => undefined);
    this.#failed ??= new TanistError('closed', 'the log is closed');
    await this.#database.close();
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogEntry[]> {
    assert(from < to, 'a read asks for at least one entry');
    if (this.#busy) await this.#enqueue({ kind: 'barrier' });
    const result: LogEntry[] = [];
    let bytes = 0;
    for (let next: number = from; next < to; ) {
      if (next <= this.#start.index) return result;
      const block = this.#blocks.holding(next);
      if (block === null) return result;
      const entries = await this.#entriesOf(block);
      if (entries === null) continue;
      for (let i = next - block.first; i < entries.length && next < to; i++, next++) {
        const entry = entries[i] as LogEntry;
        bytes += entryBytes(entry);
        if (result.length > 0 && bytes > maxBytes) return result;
        result.push(entry);
      }
    }
    return result;
  }

  /** Null: the log changed under the read; look again. */
  async #entriesOf(block: Block): Promise<readonly LogEntry[] | null> {
    if (this.#read !== null && isSame(this.#read.block, block)) return this.#read.entries;
    const key = blockKey(block.first);
    const value = await this.#valueOf(key);
    if (!this.#blocks.has(block)) return null;
    const header = value === undefined ? null : readBlockHeader(key, value);
    if (value === undefined || header === null || header.after !== block.after) {
      if (this.#busy) {
        await this.#enqueue({ kind: 'barrier' });
        if (!this.#blocks.has(block)) return null;
      }
      throw damaged(
        this.#place,
        value === undefined ? `block ${key} is gone` : `the checksum of block ${key} is wrong`,
      );
    }
    const entries = readBlockEntries(block, value);
    this.#read = { block, entries };
    return entries;
  }

  #enqueue(step: Step): Promise<void> {
    if (this.#failed !== null) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#queue.push({ step, resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // All that this turn appends goes in one write.
    await null;
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        const { step } = group[0] as Waiting;
        if (step.kind === 'compact') await this.#compact(step.point);
        else if (step.kind === 'reset') await this.#reset(step.point, step.hardState);
        else if (step.kind === 'renew') await this.#renew(step.point);
        else await this.#writeGroup(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#reject(group, error);
      }
    }
    this.#busy = false;
  }

  /** Appends, peers and barriers up to the next compaction or reset. */
  #takeGroup(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { step } of this.#queue) {
      if (step.kind === 'compact' || step.kind === 'reset' || step.kind === 'renew') break;
      count++;
      if (step.kind !== 'append') continue;
      for (const entry of step.change.entries) bytes += entryBytes(entry);
      if (bytes >= 4 * this.#blockBytes) break;
    }
    return this.#queue.splice(0, Math.max(count, 1));
  }

  /**
   * After `disk-full` nothing was written: what waits behind would leave a gap, so it fails alike and may be tried again in order. Readers only
   * waited for the write to be over.
   */
  #reject(group: readonly Waiting[], error: unknown): void {
    const untouched =
      group[0]?.step.kind === 'renew' && error instanceof TanistError && error.code === 'data-damaged';
    if (untouched) {
      for (const { reject } of group) reject(error);
      return;
    }
    const retryable = error instanceof TanistError && error.code === 'disk-full';
    if (!retryable) this.#failed = error;
    const kept: Waiting[] = [];
    const rejected = [...group];
    for (const waiting of this.#queue) {
      const { kind } = waiting.step;
      (retryable && kind !== 'append' ? kept : rejected).push(waiting);
    }
    this.#queue = kept;
    for (const { step, resolve, reject } of rejected) {
      if (retryable && step.kind === 'barrier') resolve();
      else reject(error);
    }
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const changes: DatabaseChange[] = [];
    const appends: LogAppend[] = [];
    for (const { step } of group) {
      if (step.kind === 'append') appends.push(step.change);
      else if (step.kind === 'peer') {
        this.#peers.set(step.id, step.identity);
        changes.push(putJson(peerPrefix + step.id, step.identity));
      } else if (step.kind === 'identity') changes.push(this.#identityRow());
    }
    const plan = await planAppend(appends, {
      start: this.#start,
      blocks: this.#blocks,
      chain: this.#chain,
      hardState: this.#hardState,
      blockBytes: this.#blockBytes,
      entriesOf: async (block) => {
        const entries = await this.#entriesOf(block);
        assert(entries !== null, 'only this loop changes blocks');
        return entries;
      },
    });
    changes.push(...plan.changes);
    if (changes.length > 0) await this.#database.write(changes, { sync: true });
    this.#blocks.keep(plan.keep);
    for (const block of plan.blocks) this.#blocks.push(block);
    this.#chain = plan.chain;
    this.#hardState = plan.hardState;
  }

  async #compact(point: LogPoint): Promise<void> {
    const last = this.#blocks.last?.last ?? this.#start.index;
    assert(point.index <= last, 'only entries that are there are compacted');
    if (point.index <= this.#start.index) return;
    const gone = this.#blocks.firstEndingAt(point.index + 1);
    const changes = deletions(this.#blocks, gone);
    changes.push(putJson(startKey, { point, chain: chainDigits(this.#chain) }));
    await this.#database.write(changes, { sync: true });
    this.#blocks.drop(gone);
    this.#start = point;
  }

  /** What is in memory stands for what is durable, so the small records are written from it; blocks are copied. */
  async #renew(point: LogPoint): Promise<void> {
    const last = this.#blocks.last?.last ?? this.#start.index;
    assert(point.index <= last, 'only entries that are there are left out');
    const start = point.index > this.#start.index ? point : this.#start;
    const gone = this.#blocks.firstEndingAt(start.index + 1);
    const old = this.#database;
    this.#database = await this.#renewed(async (database) => {
      for (let i = gone; i < this.#blocks.length; i++) {
        const block = this.#blocks.at(i) as Block;
        const key = blockKey(block.first);
        const value = await this.#valueOf(key);
        const header = value === undefined ? null : readBlockHeader(key, value);
        if (value === undefined || header === null || header.after !== block.after)
          throw damaged(this.#place, `block ${key} is gone or its checksum is wrong`);
        await database.write([{ type: 'put', key, value }, putWitness(key, block)], { sync: false });
      }
      const changes: DatabaseChange[] = [this.#identityRow()];
      changes.push(putJson(startKey, { point: start, chain: chainDigits(this.#chain) }));
      changes.push(putJson(hardKey, { state: this.#hardState, last }));
      for (const [id, identity] of this.#peers) changes.push(putJson(peerPrefix + id, identity));
      await database.write(changes, { sync: true });
      return () => old.close();
    });
    this.#blocks.drop(gone);
    this.#start = start;
  }

  #identityRow(): DatabaseChange {
    const { clusterId, nodeId, storeId, bootCounter } = this.identity;
    const record: IdentityRecord = {
      format: formatVersion,
      clusterId,
      nodeId,
      storeId,
      bootCounter,
      ...(this.#doubt === undefined ? {} : { doubt: this.#doubt }),
    };
    return putJson(identityKey, record);
  }

  async #reset(point: LogPoint, hardState: HardState): Promise<void> {
    const changes = deletions(this.#blocks, this.#blocks.length);
    changes.push(putJson(startKey, { point, chain: chainDigits(chainStart) }));
    changes.push(putJson(hardKey, { state: hardState, last: point.index }));
    await this.#database.write(changes, { sync: true });
    this.#blocks.keep(0);
    this.#chain = chainStart;
    this.#start = { index: logIndex(point.index), term: point.term };
    this.#hardState = hardState;
  }
}

/** From the first key to the last, inclusive. */
async function valuesOf(
  database: Database,
  from: string,
  to: string,
  batchBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const values = new Map<string, Uint8Array>();
  for await (const rows of database.scan(from, `${to}\0`, batchBytes))
    for (const { key, value } of rows) values.set(key, value);
  return values;
}

function faultOf(
  block: Block,
  value: Uint8Array | undefined,
  witness: Uint8Array | undefined,
): string | null {
  const key = blockKey(block.first);
  if (value === undefined) return `block ${key} is gone`;
  const header = readBlockHeader(key, value);
  if (header === null) return `the checksum of block ${key} is wrong`;
  if (header.last !== block.last || header.after !== block.after || header.before !== block.before)
    return `block ${key} is not the one that was written`;
  const own = witnessKey(key);
  if (witness === undefined || !isSealed(own, witness)) return `the witness of block ${key} is gone or wrong`;
  const { last, chain } = readWitness(own, witness);
  return last === block.last && chain === block.after ? null : `the witness of block ${key} is of another`;
}

/** Of the first `count` blocks. */
function deletions(blocks: BlockIndex, count: number): DatabaseChange[] {
  const changes: DatabaseChange[] = [];
  for (let i = 0; i < count; i++) {
    const key = blockKey((blocks.at(i) as Block).first);
    changes.push({ type: 'del', key }, { type: 'del', key: witnessKey(key) });
  }
  return changes;
}
