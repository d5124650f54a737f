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
  LogStore,
  PeerIdentity,
  StoreIdentity,
} from '../../ports/log-store.ts';
import { damaged } from '../record-codec.ts';
import {
  type Block,
  blockKey,
  chainStart,
  entryBytes,
  readBlockEntries,
  readBlockHeader,
} from './block-codec.ts';
import { hardKey, peerPrefix, putJson, startKey, witnessKey } from './log-records.ts';
import { planAppend } from './plan-append.ts';

export interface BlockLogStart {
  readonly database: Database;
  readonly place: string;
  readonly identity: StoreIdentity;
  readonly image: LogImage;
  readonly blocks: readonly Block[];
  readonly chain: Buffer;
  readonly blockBytes: number;
}

type Step =
  | { readonly kind: 'append'; readonly change: LogAppend }
  | { readonly kind: 'peer'; readonly id: NodeId; readonly identity: PeerIdentity }
  | { readonly kind: 'barrier' }
  | { readonly kind: 'compact'; readonly point: LogPoint }
  | { readonly kind: 'reset'; readonly point: LogPoint; readonly hardState: HardState };

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
  readonly #database: Database;
  readonly #place: string;
  readonly #blockBytes: number;
  #blocks: Block[];
  #chain: Buffer;
  #start: LogPoint;
  #hardState: HardState;
  #bytes = 0;
  #queue: Waiting[] = [];
  #busy = false;
  #failed: unknown = null;
  #read: { readonly block: Block; readonly entries: readonly LogEntry[] } | null = null;

  constructor(start: BlockLogStart) {
    this.identity = start.identity;
    this.image = start.image;
    this.#database = start.database;
    this.#place = start.place;
    this.#blockBytes = start.blockBytes;
    this.#blocks = [...start.blocks];
    this.#chain = start.chain;
    this.#start = start.image.compacted;
    this.#hardState = start.image.hardState;
    for (const block of start.blocks) this.#bytes += block.bytes;
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

  sizeBytes(): number {
    return this.#bytes;
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
      const block = this.#blockWith(next);
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
    if (this.#read?.block === block) return this.#read.entries;
    const key = blockKey(block.first);
    const value = await this.#database.get(key);
    if (this.#blockWith(block.first) !== block) return null;
    const header = value === undefined ? null : readBlockHeader(key, value);
    if (value === undefined || header === null || !header.after.equals(block.after)) {
      if (this.#busy) {
        await this.#enqueue({ kind: 'barrier' });
        if (this.#blockWith(block.first) !== block) return null;
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

  #blockWith(index: number): Block | null {
    const block = this.#blocks[firstEndingAt(this.#blocks, index)];
    return block !== undefined && block.first <= index ? block : null;
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
      if (step.kind === 'compact' || step.kind === 'reset') break;
      count++;
      if (step.kind !== 'append') continue;
      for (const entry of step.change.entries) bytes += entryBytes(entry);
      if (bytes >= 4 * this.#blockBytes) break;
    }
    return this.#queue.splice(0, Math.max(count, 1));
  }

  /** After `disk-full` nothing was written: what waits behind would leave a gap, so it fails alike and may be tried again in order. */
  #reject(group: readonly Waiting[], error: unknown): void {
    const retryable = error instanceof TanistError && error.code === 'disk-full';
    if (!retryable) this.#failed = error;
    const kept: Waiting[] = [];
    const rejected = [...group];
    for (const waiting of this.#queue) {
      const { kind } = waiting.step;
      (retryable && kind !== 'append' ? kept : rejected).push(waiting);
    }
    this.#queue = kept;
    for (const { reject } of rejected) reject(error);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const changes: DatabaseChange[] = [];
    const appends: LogAppend[] = [];
    for (const { step } of group) {
      if (step.kind === 'append') appends.push(step.change);
      else if (step.kind === 'peer') changes.push(putJson(peerPrefix + step.id, step.identity));
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
    for (let i = plan.keep; i < this.#blocks.length; i++) this.#bytes -= (this.#blocks[i] as Block).bytes;
    this.#blocks.length = plan.keep;
    for (const block of plan.blocks) {
      this.#blocks.push(block);
      this.#bytes += block.bytes;
    }
    this.#chain = plan.chain;
    this.#hardState = plan.hardState;
  }

  async #compact(point: LogPoint): Promise<void> {
    const last = this.#blocks.at(-1)?.last ?? this.#start.index;
    assert(point.index <= last, 'only entries that are there are compacted');
    if (point.index <= this.#start.index) return;
    const gone = firstEndingAt(this.#blocks, point.index + 1);
    const changes = deletions(this.#blocks, 0, gone);
    changes.push(putJson(startKey, { point, chain: this.#chain.toString('hex') }));
    await this.#database.write(changes, { sync: true });
    for (let i = 0; i < gone; i++) this.#bytes -= (this.#blocks[i] as Block).bytes;
    this.#blocks.splice(0, gone);
    this.#start = point;
  }

  async #reset(point: LogPoint, hardState: HardState): Promise<void> {
    const changes = deletions(this.#blocks, 0, this.#blocks.length);
    changes.push(putJson(startKey, { point, chain: chainStart.toString('hex') }));
    changes.push(putJson(hardKey, { state: hardState, last: point.index }));
    await this.#database.write(changes, { sync: true });
    this.#blocks = [];
    this.#bytes = 0;
    this.#chain = chainStart;
    this.#start = { index: logIndex(point.index), term: point.term };
    this.#hardState = hardState;
  }
}

/** Position of the first block whose last index is ≥ `index`. */
export function firstEndingAt(blocks: readonly Block[], index: number): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle] as Block).last < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

function deletions(blocks: readonly Block[], from: number, to: number): DatabaseChange[] {
  const changes: DatabaseChange[] = [];
  for (let i = from; i < to; i++) {
    const key = blockKey((blocks[i] as Block).first);
    changes.push({ type: 'del', key }, { type: 'del', key: witnessKey(key) });
  }
  return changes;
}
