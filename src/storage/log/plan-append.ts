import { assert } from '../../foundation/assert.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { HardState, LogAppend, LogEntry, LogPoint } from '../../ports/log-store.ts';
import { type Block, blockKey, type ChainHash, encodeBlock, entryBytes } from './block-codec.ts';
import type { BlockIndex } from './block-index.ts';
import { hardKey, putJson, putWitness, witnessKey } from './log-records.ts';

export interface LogEnd {
  readonly start: LogPoint;
  readonly blocks: BlockIndex;
  readonly chain: ChainHash;
  readonly hardState: HardState;
  readonly blockBytes: number;
  entriesOf(block: Block): Promise<readonly LogEntry[]>;
}

export interface AppendPlan {
  /** For one atomic, synced write. */
  readonly changes: readonly DatabaseChange[];
  /** After it the blocks are the first `keep` old ones and then `blocks`. */
  readonly keep: number;
  readonly blocks: readonly Block[];
  readonly chain: ChainHash;
  readonly hardState: HardState;
}

/** Merges appends, in order, into one write: blocks, and where an append conflicts with what is there, the cut (Raft §5.3). */
export async function planAppend(appends: readonly LogAppend[], end: LogEnd): Promise<AppendPlan> {
  const last = end.blocks.last?.last ?? end.start.index;
  const { entries, base, hardState } = merge(appends, end.start.index, last + 1);
  const changes: DatabaseChange[] = [];
  const blocks: Block[] = [];
  let keep = end.blocks.length;
  let chain = end.chain;
  if (base <= last) {
    for (;;) {
      const block = end.blocks.at(keep - 1);
      if (block === undefined || block.last < base) break;
      keep--;
      const key = blockKey(block.first);
      if (block.first >= base) {
        changes.push({ type: 'del', key }, { type: 'del', key: witnessKey(key) });
        chain = block.before;
      } else {
        const kept = encodeBlock(await end.entriesOf(block), 0, base - block.first, block.before);
        changes.push({ type: 'put', key, value: kept.value }, putWitness(key, kept.block));
        blocks.push(kept.block);
        chain = kept.block.after;
      }
    }
  }
  for (let from = 0; from < entries.length; ) {
    let to = from;
    for (let bytes = 0; to < entries.length; to++) {
      bytes += entryBytes(entries[to] as LogEntry);
      if (to > from && bytes > end.blockBytes) break;
    }
    const { block, key, value } = encodeBlock(entries, from, to, chain);
    changes.push({ type: 'put', key, value }, putWitness(key, block));
    blocks.push(block);
    chain = block.after;
    from = to;
  }
  // What the hard state says was durable must not be above the cut.
  if (hardState !== null || base <= last) {
    const durable = base + entries.length - 1;
    changes.push(putJson(hardKey, { state: hardState ?? end.hardState, last: durable }));
  }
  return { changes, keep, blocks, chain, hardState: hardState ?? end.hardState };
}

interface Merged {
  readonly entries: readonly LogEntry[];
  /** Index of the first entry; everything from there on that was there before is gone. */
  readonly base: number;
  readonly hardState: HardState | null;
}

function merge(appends: readonly LogAppend[], start: number, next: number): Merged {
  let entries: LogEntry[] = [];
  let base = next;
  let hardState: HardState | null = null;
  for (const append of appends) {
    if (append.hardState !== undefined) hardState = append.hardState;
    const first = append.entries[0]?.index;
    if (first === undefined) continue;
    assert(
      first > start && first <= base + entries.length,
      'entries follow what is there, above the compacted point',
    );
    if (first < base) {
      base = first;
      entries = [];
    } else entries.length = first - base;
    for (const entry of append.entries) entries.push(entry);
  }
  return { entries, base, hardState };
}
