import type { DatabaseChange, DatabaseRow } from '../../ports/database.ts';

/** Rows by key, with ranges in order. Keys mostly arrive in order; the list of keys is sorted only when that was not so. */
export class SortedRows {
  #rows = new Map<string, Uint8Array>();
  #keys: string[] = [];
  #stale = false;

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#rows.get(key);
  }

  apply(changes: readonly DatabaseChange[]): void {
    for (const change of changes) {
      if (change.type === 'del') {
        if (this.#rows.delete(change.key)) this.#stale = true;
        continue;
      }
      if (!this.#stale && !this.#rows.has(change.key)) {
        const last = this.#keys.at(-1);
        if (last === undefined || last < change.key) this.#keys.push(change.key);
        else this.#stale = true;
      }
      this.#rows.set(change.key, change.value);
    }
  }

  range(from: string, to: string): DatabaseRow[] {
    const keys = this.#sorted();
    const rows: DatabaseRow[] = [];
    for (let i = lowerBound(keys, from); i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined || key >= to) break;
      const value = this.#rows.get(key);
      if (value !== undefined) rows.push({ key, value });
    }
    return rows;
  }

  last(from: string, to: string): DatabaseRow | undefined {
    const keys = this.#sorted();
    const key = keys[lowerBound(keys, to) - 1];
    if (key === undefined || key < from) return undefined;
    const value = this.#rows.get(key);
    return value === undefined ? undefined : { key, value };
  }

  keys(): readonly string[] {
    return this.#sorted();
  }

  copy(): SortedRows {
    const copy = new SortedRows();
    copy.#rows = new Map(this.#rows);
    copy.#keys = [...this.#keys];
    copy.#stale = this.#stale;
    return copy;
  }

  #sorted(): readonly string[] {
    if (this.#stale) {
      this.#keys = [...this.#rows.keys()].sort();
      this.#stale = false;
    }
    return this.#keys;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
