import { keyText } from '../content-key.ts';
import type { Entry, ObjectIndex } from './object-index.ts';
import type { ObjectMeta } from './object-meta.ts';

export interface AheadRoom {
  readonly budgetBytes: number;
  /** `keyText` of what is still expected. */
  readonly kept: ReadonlySet<string>;
  readonly sinceMs: number;
}

/**
 * Which objects give way: objects, what is known of them and files being written are never more than the limit together. Decides alone; the files of what gave
 * way are for the caller to remove.
 */
export class Room {
  readonly #index: ObjectIndex;
  readonly limitBytes: number;
  readonly #onGone: (objects: readonly ObjectMeta[]) => void;
  /** By path of a file being written, up to where. */
  readonly #staged = new Map<string, number>();
  #stagedBytes = 0;
  evictions = 0;
  evictedAheadBytes = 0;

  constructor(index: ObjectIndex, limitBytes: number, onGone: (objects: readonly ObjectMeta[]) => void) {
    this.#index = index;
    this.limitBytes = limitBytes;
    this.#onGone = onGone;
  }

  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  begin(path: string): void {
    this.#staged.set(path, 0);
  }

  /** Room for the file up to `end`, before it is written there; what gave way for it. Null: there is none beside the other files. */
  reserve(path: string, end: number): readonly ObjectMeta[] | null {
    const before = this.#staged.get(path);
    if (before === undefined) return null;
    const more = Math.max(0, end - before);
    if (this.#stagedBytes + more > this.limitBytes) return null;
    this.#staged.set(path, before + more);
    this.#stagedBytes += more;
    return this.evict();
  }

  end(path: string): void {
    this.#stagedBytes -= this.#staged.get(path) ?? 0;
    this.#staged.delete(path);
  }

  /** Back to the limit; `keep`: the sha256 that stays. */
  evict(keep = ''): readonly ObjectMeta[] {
    return this.#drop(() => this.#index.bytes + this.#stagedBytes > this.limitBytes, keep);
  }

  /** So many bytes of objects at least, or all there are. */
  free(bytes: number): readonly ObjectMeta[] {
    return this.#drop((freed) => freed < bytes, '');
  }

  /**
   * Of what was downloaded ahead and never asked for, the oldest goes, without those of the `kept` keys, until there is room within `budgetBytes` for so
   * many more bytes, and all that is older than `sinceMs` (since 1970).
   */
  freeAhead(bytes: number, { budgetBytes, kept, sinceMs }: AheadRoom): readonly ObjectMeta[] {
    const old = [...this.#index.entries()]
      .filter(({ meta }) => meta.aheadMs !== undefined && !meta.keys.some((key) => kept.has(keyText(key))))
      .sort((a, b) => (a.meta.aheadMs ?? 0) - (b.meta.aheadMs ?? 0));
    const gone = old.filter((entry) => {
      const { meta } = entry;
      const isOver = this.#index.aheadBytes + bytes > budgetBytes || (meta.aheadMs ?? 0) < sinceMs;
      if (isOver) this.#lose(entry);
      return isOver;
    });
    return this.#told(gone.map(({ meta }) => meta));
  }

  /** Those used longest ago, as long as `more` of the bytes freed so far says so. */
  #drop(more: (freed: number) => boolean, keep: string): readonly ObjectMeta[] {
    const gone: ObjectMeta[] = [];
    let freed = 0;
    for (const entry of this.#index.entries()) {
      if (!more(freed)) break;
      if (entry.meta.sha256 === keep) continue;
      freed += entry.meta.size + entry.metaBytes;
      gone.push(entry.meta);
      this.#lose(entry);
    }
    return this.#told(gone);
  }

  #lose(entry: Entry): void {
    this.evictions++;
    if (entry.meta.aheadMs !== undefined) this.evictedAheadBytes += entry.meta.size;
    this.#index.forget(entry);
  }

  #told(gone: readonly ObjectMeta[]): readonly ObjectMeta[] {
    if (gone.length > 0) this.#onGone(gone);
    return gone;
  }
}
