import type { ByteString } from '../../foundation/bytes.ts';
import type { Database } from '../../ports/database.ts';
import { generationPrefix, type HeldSpace, keyEnd, keyPrefix, parseRowKey } from './keys.ts';
import type { Row } from './row-codec.ts';
import { newestRow, pageBytes, trusted } from './visible-rows.ts';

export interface NewestRow {
  readonly number: number;
  readonly row: Row;
}

/** Rows passed in a scan for each key that was sought, until single look-ups are the cheaper way. */
const rowsPerKey = 16;
/** After so many batches that were too sparse for it, a scan is tried again. */
const batchesBetween = 16;

/** The newest rows of many keys: in one scan where they lie close together, else one by one. */
export class NewestRows {
  readonly #database: Database;
  #untilScan = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Of keys in order, no key twice. Fails with `Damage`. */
  async find(
    space: HeldSpace,
    generation: number,
    keys: readonly ByteString[],
  ): Promise<ReadonlyMap<ByteString, NewestRow>> {
    const found = new Map<ByteString, NewestRow>();
    let done = 0;
    if (this.#untilScan > 0) this.#untilScan--;
    else {
      done = await this.#scan(space, generation, keys, found);
      if (done < keys.length) this.#untilScan = batchesBetween;
    }
    const left = keys.slice(done);
    const rows = await Promise.all(left.map((key) => newestRow(this.#database, space, generation, key)));
    for (const [i, row] of rows.entries()) {
      const key = left[i];
      if (row !== null && key !== undefined) found.set(key, row);
    }
    return found;
  }

  /** How many of the keys, from the first on, are settled. */
  async #scan(
    space: HeldSpace,
    generation: number,
    keys: readonly ByteString[],
    found: Map<ByteString, NewestRow>,
  ): Promise<number> {
    const first = keys[0];
    const last = keys.at(-1);
    if (first === undefined || last === undefined) return 0;
    const prefix = generationPrefix(space, generation);
    const view = { space, generation };
    const from = keyPrefix(prefix, first);
    const to = keyEnd(keyPrefix(prefix, last));
    let at = 0;
    let passed = 0;
    for await (const rows of this.#database.scan(from, to, pageBytes)) {
      for (const row of rows) {
        const parsed = parseRowKey(prefix, row.key);
        if (parsed === null) continue;
        for (let key = keys[at]; key !== undefined && key < parsed.key; key = keys[at]) at++;
        if (keys[at] !== parsed.key) continue;
        found.set(parsed.key, { number: parsed.number, row: trusted(view, parsed.key, row) });
      }
      passed += rows.length;
      // The key that the scan stopped at may have more rows.
      if (passed > rowsPerKey * keys.length) return at;
    }
    return keys.length;
  }
}
