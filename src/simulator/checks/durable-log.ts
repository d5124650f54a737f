import type { HardState, LogEntry, PeerIdentity } from '../../ports/log-store.ts';
import {
  blockEnd,
  blockKey,
  blockPrefix,
  readBlockEntries,
  readBlockHeader,
} from '../../storage/log/block-codec.ts';
import {
  type HardRecord,
  hardKey,
  identityKey,
  logPlace,
  peerPrefix,
  readWitness,
  type StartRecord,
  startKey,
} from '../../storage/log/log-records.ts';
import { openJson } from '../../storage/record-codec.ts';
import type { SimDisk } from '../world/sim-disk.ts';
import type { SortedRows } from '../world/sorted-rows.ts';

const none: HardState = { term: 0 as HardState['term'], vote: null };

/** What a machine's disk holds of the log at this moment, synced; read past the node, as a crash would leave it. */
export class DurableLog {
  readonly #disk: SimDisk;
  readonly #blocks = new Map<string, { readonly value: Uint8Array; readonly entries: readonly LogEntry[] }>();

  constructor(disk: SimDisk) {
    this.#disk = disk;
  }

  hardState(): HardState {
    const value = this.#rows()?.get(hardKey);
    return value === undefined ? none : (openJson(logPlace, hardKey, value) as HardRecord).state;
  }

  /** The boot counter of its last start; 0: never started. */
  bootCounter(): number {
    return this.#counterOf(identityKey);
  }

  /** The boot counter that it remembers of a peer; 0: none. */
  remembered(peer: string): number {
    return this.#counterOf(peerPrefix + peer);
  }

  /** 0 for a damaged record: its checksum is for the node to notice. */
  #counterOf(key: string): number {
    return this.#identityAt(key)?.bootCounter ?? 0;
  }

  /** Up to where it remembers the peer to have stored committed entries. */
  rememberedLast(peer: string): number {
    return this.#identityAt(peerPrefix + peer)?.last?.index ?? 0;
  }

  #identityAt(key: string): Partial<PeerIdentity> | null {
    const value = this.#rows()?.get(key);
    if (value === undefined) return null;
    try {
      return openJson(logPlace, key, value) as PeerIdentity;
    } catch {
      return null;
    }
  }

  /** The last index, compacted or not. */
  last(): number {
    const rows = this.#rows();
    const witness = rows?.last(blockPrefix, blockEnd);
    if (witness !== undefined) return readWitness(witness.key, witness.value).last;
    return this.compacted();
  }

  compacted(): number {
    const value = this.#rows()?.get(startKey);
    return value === undefined ? 0 : (openJson(logPlace, startKey, value) as StartRecord).point.index;
  }

  entry(index: number): LogEntry | null {
    const rows = this.#rows();
    const witness = rows?.last(blockPrefix, `${blockKey(index)}u`);
    if (rows === undefined || witness === undefined) return null;
    const key = witness.key.replace(/t$/, '');
    const value = rows.get(key);
    if (value === undefined) return null;
    let known = this.#blocks.get(key);
    if (known?.value !== value) {
      const block = readBlockHeader(key, value);
      known = { value, entries: block === null ? [] : readBlockEntries(block, value) };
      if (this.#blocks.size > 512) this.#blocks.clear();
      this.#blocks.set(key, known);
    }
    return known.entries[index - (known.entries[0]?.index ?? 0)] ?? null;
  }

  #rows(): SortedRows | undefined {
    return this.#disk.durable('log');
  }
}
