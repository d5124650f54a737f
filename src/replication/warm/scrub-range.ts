import type { ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ScrubPass } from '../../node/integrity/scrub-passes.ts';
import type { DatabaseChange, DatabaseRow } from '../../ports/database.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { HeldRange } from './held-range.ts';
import { deleteRow, keyOf, putRow, readRow, valueKey } from './warm-rows.ts';
import type { WarmState } from './warm-state.ts';
import type { WarmStore } from './warm-store.ts';

/** Keys of memory without a row that are looked at for each piece; more than that is found by the next pass. */
const mostMissing = 4096;
/** Keys looked at again between two marks: the next mark waits for so many reads. */
const keysBetweenMarks = 64;
/** Of damaged rows that one pass over a range keeps. */
const keptBytes = 4 * 1024 * 1024;

export interface ScrubRangeParts {
  readonly store: WarmStore;
  readonly state: Pick<WarmState, 'ranges' | 'between'>;
  /** Waits for room on a full disk. */
  readonly write: (changes: readonly DatabaseChange[]) => Promise<void>;
  readonly pace: ScrubPass['pace'];
}

/** `stale`: as it was written once, but at another revision than memory has, or of a key that is deleted. */
type Fault = 'altered' | 'gone' | 'stale';

/**
 * Reads the rows of a range as they are stored, in pieces, and compares them with memory while both go on. What seems wrong is looked at again between two
 * marks, when memory and rows are of one; what is wrong then is kept as evidence and written anew from memory, in one batch. Says what it found.
 */
export async function scrubRange(parts: ScrubRangeParts, held: HeldRange): Promise<string | null> {
  const { store, state, pace } = parts;
  const repairs = new Repairs(parts, held);
  for (let from: ByteString | null = held.range.key; from !== null && state.ranges.includes(held); ) {
    const rows: readonly DatabaseRow[] = await store.page(held.generation, from);
    const last = rows.at(-1);
    const to: ByteString | null = last === undefined ? null : (`${keyOf(last.key)}\0` as ByteString);
    const keys = suspects(held, rows, from, to);
    for (let i = 0; i < keys.length; i += keysBetweenMarks)
      await state.between(() => repairs.look(keys.slice(i, i + keysBetweenMarks)));
    from = to;
    await pace(rows.reduce((bytes, { key, value }) => bytes + key.length + value.length, 0));
  }
  return repairs.found;
}

/** Keys with `from` ≤ key < `to` whose row is not what memory has, or is on its way. */
function suspects(
  held: HeldRange,
  rows: readonly DatabaseRow[],
  from: ByteString,
  to: ByteString | null,
): readonly ByteString[] {
  const stored = new Map(rows.map((row) => [keyOf(row.key), row]));
  const found: ByteString[] = [];
  for (const [key, row] of stored) if (faultOf(row.key, row.value, held.get(key)) !== null) found.push(key);
  for (const key of held.keys(from, to, stored.size + mostMissing)) if (!stored.has(key)) found.push(key);
  return found;
}

function faultOf(rowKey: string, row: Uint8Array | undefined, value: KeyValue | null): Fault | null {
  if (row === undefined)
    return value === null || mutant.active === 'warm-scrub-misses-vanished' ? null : 'gone';
  const stored = readRow(rowKey, row);
  if (stored === null) return 'altered';
  return stored.modRevision === value?.modRevision ? null : 'stale';
}

class Repairs {
  readonly #parts: ScrubRangeParts;
  readonly #held: HeldRange;
  readonly #counts: Record<Fault, number> = { altered: 0, gone: 0, stale: 0 };
  /** Under which damaged rows are kept; null: none was found. */
  #evidence: number | null = null;
  #bytes = 0;

  constructor(parts: ScrubRangeParts, held: HeldRange) {
    this.#parts = parts;
    this.#held = held;
  }

  get found(): string | null {
    return this.#evidence === null ? null : this.#text();
  }

  /** To be called between two marks. */
  async look(keys: readonly ByteString[]): Promise<void> {
    const { store, state, write } = this.#parts;
    const { generation, range } = this.#held;
    for (const key of keys) {
      const row = await store.row(generation, key);
      const value = this.#held.get(key);
      const fault = faultOf(valueKey(generation, key), row, value);
      if (fault === null) continue;
      if (!state.ranges.includes(this.#held)) return;
      this.#counts[fault] += 1;
      this.#evidence ??= store.newGeneration();
      const evidence = [...store.keep(this.#evidence, range, this.#text())];
      this.#bytes += row?.length ?? 0;
      if (row !== undefined && this.#bytes <= keptBytes)
        evidence.push({ type: 'put', key: valueKey(this.#evidence, key), value: row });
      await write([...evidence, value === null ? deleteRow(generation, key) : putRow(generation, value)]);
    }
  }

  #text(): string {
    const { altered, gone, stale } = this.#counts;
    return `the checksums of ${altered} stored rows are wrong, ${gone} rows are gone, ${stale} are of another revision; they are written anew from memory`;
  }
}
