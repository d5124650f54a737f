import type { ContentKey } from '../../ports/dependency-registry.ts';
import { keyText } from '../content-key.ts';
import { encodeMeta, type ObjectMeta, withoutAddresses } from './object-meta.ts';

export interface Entry {
  meta: ObjectMeta;
  /** Of what is written beside its bytes. */
  metaBytes: number;
  /** Its bytes were compared with its name since they were last in doubt. */
  checked: boolean;
  touchedMs: number;
}

/** Which objects there are, by all their names and in the order of their use. */
export class ObjectIndex {
  /** The latest used last. */
  readonly #entries = new Map<string, Entry>();
  readonly #byKey = new Map<string, string>();
  #bytes = 0;
  #aheadBytes = 0;

  /** Of objects, and of what is written beside them. */
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

  /** An object that was used just now. Of an address that two objects have the later answer counts. Returns the others that lost one. */
  put(meta: ObjectMeta, checked: boolean, touchedMs: number): readonly Entry[] {
    const entry = { meta, metaBytes: 0, checked, touchedMs };
    this.#entries.set(meta.sha256, entry);
    this.#bytes += meta.size;
    if (meta.aheadMs !== undefined) this.#aheadBytes += meta.size;
    const later = meta.keys.filter((key) => {
      const other = key.algorithm === 'url' ? this.named(key) : undefined;
      return other !== undefined && answeredMs(other.meta, key) > answeredMs(meta, key);
    });
    this.describe(entry, later.length === 0 ? meta : withoutAddresses(meta, later));
    return this.name(entry, entry.meta.keys);
  }

  /** Its names are among `meta`'s from now on. */
  describe(entry: Entry, meta: ObjectMeta): void {
    const metaBytes = Buffer.byteLength(encodeMeta(meta));
    this.#bytes += metaBytes - entry.metaBytes;
    entry.meta = meta;
    entry.metaBytes = metaBytes;
  }

  /** These lead to it from now on: an address has one answer at a time, of the latest object. Returns the others that lost one. */
  name(entry: Entry, keys: readonly ContentKey[]): readonly Entry[] {
    const losers = new Map<Entry, ContentKey[]>();
    for (const key of keys) {
      const other = key.algorithm === 'url' ? this.named(key) : undefined;
      if (other !== undefined && other !== entry) losers.set(other, [...(losers.get(other) ?? []), key]);
      this.#byKey.set(keyText(key), entry.meta.sha256);
    }
    for (const [other, lost] of losers) this.describe(other, withoutAddresses(other.meta, lost));
    return [...losers.keys()];
  }

  /** These addresses lead nowhere any more. */
  unname(entry: Entry, keys: readonly ContentKey[]): void {
    this.describe(entry, withoutAddresses(entry.meta, keys));
    for (const key of keys) if (this.named(key) === entry) this.#byKey.delete(keyText(key));
  }

  /** It was used just now. */
  toEnd(entry: Entry): void {
    const { sha256 } = entry.meta;
    if (this.#entries.get(sha256) !== entry) return;
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
  }

  /** True once for an object that was downloaded ahead: now it was asked for. */
  takeAhead(entry: Entry): boolean {
    const { aheadMs, ...meta } = entry.meta;
    if (aheadMs === undefined) return false;
    this.#aheadBytes -= meta.size;
    this.describe(entry, meta);
    return true;
  }

  forget({ meta, metaBytes }: Entry): void {
    if (!this.#entries.delete(meta.sha256)) return;
    this.#bytes -= meta.size + metaBytes;
    if (meta.aheadMs !== undefined) this.#aheadBytes -= meta.size;
    for (const key of meta.keys)
      if (this.#byKey.get(keyText(key)) === meta.sha256) this.#byKey.delete(keyText(key));
  }
}

const answeredMs = ({ answers }: ObjectMeta, { digest }: ContentKey): number =>
  answers[digest]?.fetchedMs ?? 0;
