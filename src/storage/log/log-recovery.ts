import type { Database } from '../../ports/database.ts';
import type { LogEntry, LogPoint } from '../../ports/log-store.ts';
import { type Block, blockEnd, blockPrefix, readBlockEntries, readBlockHeader } from './block-codec.ts';
import { BlockIndex } from './block-index.ts';
import { readWitness, witnessKey } from './log-records.ts';

export interface RecoveredBlocks {
  readonly blocks: BlockIndex;
  /** The newest entries; see `LogImage.tail`. */
  readonly tail: readonly LogEntry[];
  /** The first thing that is not as it was written; null: all is right. Nothing behind it was looked at. */
  readonly fault: { readonly key: string; readonly what: string } | null;
}

export interface RecoveryOptions {
  readonly start: LogPoint;
  /** Bytes of blocks to keep as entries; more when `mustLoadAfter` asks for it. */
  readonly memoryBytes: number;
  readonly mustLoadAfter: number;
}

/** Walks all blocks: checksums, contiguous indices, linked chain hashes, each block beside its witness (architecture.md, Storage). */
export async function recoverBlocks(database: Database, options: RecoveryOptions): Promise<RecoveredBlocks> {
  const walk = new BlockWalk(options);
  for await (const rows of database.scan(blockPrefix, blockEnd, 1024 * 1024)) {
    for (const { key, value } of rows) {
      const what = walk.step(key, value);
      if (what !== null) return { blocks: walk.blocks, tail: walk.tail(), fault: { key, what } };
    }
  }
  const what = walk.end();
  return {
    blocks: walk.blocks,
    tail: walk.tail(),
    fault: what === null ? null : { key: walk.lastKey, what },
  };
}

class BlockWalk {
  readonly blocks = new BlockIndex();
  readonly #options: RecoveryOptions;
  #window: { readonly block: Block; readonly value: Uint8Array }[] = [];
  #windowBytes = 0;
  #candidate: { readonly block: Block; readonly value: Uint8Array } | null = null;
  lastKey = '';

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** What is wrong with this row; null: nothing. */
  step(key: string, value: Uint8Array): string | null {
    if (this.#candidate !== null) {
      if (key !== witnessKey(this.lastKey)) return `block ${this.lastKey} has no witness`;
      const { block } = this.#candidate;
      const witness = readWitness(key, value);
      if (witness.last !== block.last || witness.chain !== block.after)
        return `block ${this.lastKey} is not the one that was written`;
      this.#accept(this.#candidate);
      this.#candidate = null;
      return null;
    }
    this.lastKey = key;
    if (key.endsWith('t')) return `the block beside witness ${key} is missing`;
    const block = readBlockHeader(key, value);
    if (block === null) return `the checksum of block ${key} is wrong`;
    const what = this.#linkFault(block);
    if (what === null) this.#candidate = { block, value };
    return what;
  }

  end(): string | null {
    return this.#candidate === null ? null : `block ${this.lastKey} has no witness`;
  }

  tail(): LogEntry[] {
    const entries: LogEntry[] = [];
    for (const { block, value } of this.#window) {
      for (const entry of readBlockEntries(block, value)) {
        if (entry.index > this.#options.start.index) entries.push(entry);
      }
    }
    return entries;
  }

  #linkFault(block: Block): string | null {
    const previous = this.blocks.last;
    const { start } = this.#options;
    if (previous === undefined) {
      if (block.first <= start.index + 1 && block.last > start.index) return null;
      return `entries ${start.index + 1} to ${block.first - 1} are missing`;
    }
    if (block.first !== previous.last + 1)
      return `entries ${previous.last + 1} to ${block.first - 1} are missing`;
    return previous.after === block.before
      ? null
      : `block ${block.first} does not follow the block before it`;
  }

  #accept(item: { readonly block: Block; readonly value: Uint8Array }): void {
    this.blocks.push(item.block);
    this.#window.push(item);
    this.#windowBytes += item.block.bytes;
    const { memoryBytes, mustLoadAfter } = this.#options;
    let dropped = 0;
    for (const { block } of this.#window) {
      if (
        this.#windowBytes <= memoryBytes ||
        block.last > mustLoadAfter ||
        dropped === this.#window.length - 1
      )
        break;
      this.#windowBytes -= block.bytes;
      dropped++;
    }
    if (dropped > 0) this.#window = this.#window.slice(dropped);
  }
}
