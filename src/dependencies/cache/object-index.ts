import type { ContentKey } from '../../ports/dependency-registry.ts';
import { keyText } from '../content-key.ts';
import type { ObjectMeta } from './object-meta.ts';

export interface Entry {
  meta: ObjectMeta;
  /** Its bytes were compared with its name since they were last in doubt. */
  checked: boolean;
  touchedMs: number;
  /** Downloaded ahead, and not asked for yet. */
  ahead: boolean;
}

/** Which objects there are, by all their names and in the order of their use. */
export class ObjectIndex {
  /** The latest used last. */
  readonly #entries = new Map<string, Entry>();
  readonly #byKey = new Map<string, string>();
  #bytes = 0;
  #aheadBytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Of what was downloaded ahead and not asked for yet. */
  get aheadBytes(): number {
    return this.#aheadBytes;
  }

  get count(): number {
    return this.#entries.size;
  }

  get(sha256: string): Entry | undefined {
    return this.#entries.get(sha256);
  }

  named(key: ContentKey): Entry | undefined {
    return this.#entries.get(this.#byKey.get(keyText(key)) ?? '');
  }

  /** Used longest ago first. Entries may be forgotten meanwhile. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  put(entry: Entry): void {
    const { meta, ahead } = entry;
    this.#entries.set(meta.sha256, entry);
    this.#bytes += meta.size;
    if (ahead) this.#aheadBytes += meta.size;
    this.name(entry, meta.keys);
  }

  /** These lead to it from now on: an address has one answer at a time, of the latest object. */
  name({ meta }: Entry, keys: readonly ContentKey[]): void {
    for (const key of keys) this.#byKey.set(keyText(key), meta.sha256);
  }

  /** It was used just now. */
  toEnd(entry: Entry): void {
    const { sha256 } = entry.meta;
    if (this.#entries.get(sha256) !== entry) return;
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
  }

  /** True once for an object that was downloaded ahead: now it was asked for. */
  takeAhead(sha256: string): boolean {
    const entry = this.#entries.get(sha256);
    if (entry === undefined || !entry.ahead) return false;
    entry.ahead = false;
    this.#aheadBytes -= entry.meta.size;
    return true;
  }

  forget({ meta, ahead }: Entry): void {
    if (!this.#entries.delete(meta.sha256)) return;
    this.#bytes -= meta.size;
    if (ahead) this.#aheadBytes -= meta.size;
    for (const key of meta.keys)
      if (this.#byKey.get(keyText(key)) === meta.sha256) this.#byKey.delete(keyText(key));
  }
}
