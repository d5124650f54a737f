import { TanistError } from '../../foundation/errors.ts';
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

/** A damaged record counts as none: its checksum is for the node to notice. */
function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof TanistError && error.code === 'data-damaged') return null;
    throw error;
  }
}

/** What a machine's disk holds of the log at this moment, synced; read past the node, as a crash would leave it. */
export class DurableLog {
  readonly #disk: SimDisk;
  readonly #blocks = new Map<string, { readonly value: Uint8Array; readonly entries: readonly LogEntry[] }>();

  constructor(disk: SimDisk) {
    this.#disk = disk;
  }

  hardState(): HardState {
    return this.#record<HardRecord>(hardKey)?.state ?? none;
  }

  /** The boot counter of its last start; 0: never started. */
  bootCounter(): number {
    return this.#record<PeerIdentity>(identityKey)?.bootCounter ?? 0;
  }

  /** The boot counter that it remembers of a peer; 0: none. */
  remembered(peer: string): number {
    return this.#record<PeerIdentity>(peerPrefix + peer)?.bootCounter ?? 0;
  }

  /** Up to where it remembers the peer to have stored committed entries. */
  rememberedLast(peer: string): number {
    return this.#record<Partial<PeerIdentity>>(peerPrefix + peer)?.last?.index ?? 0;
  }

  /** The last index, compacted or not. */
  last(): number {
    const witness = this.#rows()?.last(blockPrefix, blockEnd);
    const last = witness && unlessDamaged(() => readWitness(witness.key, witness.value).last);
    return last ?? this.compacted();
  }

  compacted(): number {
    return this.#record<StartRecord>(startKey)?.point.index ?? 0;
  }

  #record<T>(key: string): T | null {
    const value = this.#rows()?.get(key);
    return value === undefined ? null : unlessDamaged(() => openJson(logPlace, key, value) as T);
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
