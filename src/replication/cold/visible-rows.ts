import type { ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseRow } from '../../ports/database.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { Damage } from './damage.ts';
import {
  endOf,
  generationPrefix,
  type HeldSpace,
  keyBound,
  keyEnd,
  keyPrefix,
  parseRowKey,
  rowKey,
} from './keys.ts';
import { decodeRow, type Row } from './row-codec.ts';

/** Read at a time; decoding as much takes about a millisecond. */
export const pageBytes = 128 * 1024;

/** A space as of a snapshot. */
export interface View {
  readonly space: HeldSpace;
  readonly generation: number;
  readonly number: number;
}

/** The live keys with `from` ≤ key < `to` (null: no bound) in order, page by page. Fails with `Damage`. */
export async function* visibleRows(
  database: Database,
  view: View,
  from: ByteString,
  to: ByteString | null,
): AsyncGenerator<KeyValue[]> {
  const prefix = generationPrefix(view.space, view.generation);
  const end = to === null ? endOf(prefix) : keyBound(prefix, to);
  let candidate: { readonly key: ByteString; readonly row: DatabaseRow } | null = null;
  for await (const rows of database.scan(keyBound(prefix, from), end, pageBytes)) {
    const values: KeyValue[] = [];
    for (const row of rows) {
      const parsed = placeOf(view, prefix, row);
      if (candidate !== null && candidate.key !== parsed.key) {
        pushLive(values, view, candidate);
        candidate = null;
      }
      if (parsed.number <= view.number) candidate = { key: parsed.key, row };
    }
    if (values.length > 0) yield values;
  }
  const values: KeyValue[] = [];
  if (candidate !== null) pushLive(values, view, candidate);
  if (values.length > 0) yield values;
}

/** One key; null: it was not there. */
export async function visibleRow(database: Database, view: View, key: ByteString): Promise<KeyValue | null> {
  const prefix = keyPrefix(generationPrefix(view.space, view.generation), key);
  const row = await database.last(prefix, rowKey(prefix, view.number + 1));
  const found = row === undefined ? null : trusted(view, key, row);
  return found?.kind === 'value' ? found.value : null;
}

/** The newest row of a key with the number of the snapshot that wrote it. */
export async function newestRow(
  database: Database,
  space: HeldSpace,
  generation: number,
  key: ByteString,
): Promise<{ readonly number: number; readonly row: Row } | null> {
  const prefix = generationPrefix(space, generation);
  const ofKey = keyPrefix(prefix, key);
  const row = await database.last(ofKey, keyEnd(ofKey));
  if (row === undefined) return null;
  const view = { space, generation, number: 0 };
  return { number: placeOf(view, prefix, row).number, row: trusted(view, key, row) };
}

function pushLive(
  values: KeyValue[],
  view: View,
  { key, row }: { readonly key: ByteString; readonly row: DatabaseRow },
): void {
  const found = trusted(view, key, row);
  if (found.kind === 'value') values.push(found.value);
}

function placeOf(
  view: Pick<View, 'space' | 'generation'>,
  prefix: string,
  row: DatabaseRow,
): {
  readonly key: ByteString;
  readonly number: number;
} {
  const parsed = parseRowKey(prefix, row.key);
  if (parsed === null) throw new Damage(`row ${JSON.stringify(row.key)} has no key of a row`, view, row);
  return parsed;
}

export function trusted(view: Pick<View, 'space' | 'generation'>, key: ByteString, row: DatabaseRow): Row {
  const found = decodeRow(row.key, key, row.value, mutant.active === 'cold-row-checksum-ignored');
  if (found === null) throw new Damage(`the checksum of row ${JSON.stringify(row.key)} is wrong`, view, row);
  return found;
}
