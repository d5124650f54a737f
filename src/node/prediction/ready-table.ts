import { mutant } from '../../foundation/mutants.ts';
import { TableRow } from '../../prediction/online/table-row.ts';
import type { TrackedKey } from './tracked-keys.ts';

/** The newest row of each series, as the predictor last told it: enough to predict from at any moment, without asking it. */
export class ReadyTable {
  readonly #rows = new Map<number, Float64Array>();
  #models: readonly string[] = [];

  get size(): number {
    return this.#rows.size;
  }

  /** Says of which series the rows are. Those of series that are not `isKnown` any more are left out. */
  take(rows: Float64Array, models: readonly string[], isKnown: (id: number) => boolean): readonly number[] {
    this.#models = models;
    const ids: number[] = [];
    for (let at = 0; at < rows.length; ) {
      const row = new TableRow(rows, at);
      const { length } = row;
      const id = row.get('id');
      const own = rows.subarray(at, at + length);
      at += length;
      if (!isKnown(id)) continue;
      const known = this.#rows.get(id);
      // Copied: a row must not keep the whole batch alive that it came in.
      if (known?.length === length) known.set(own);
      else this.#rows.set(id, own.slice());
      ids.push(id);
    }
    return ids;
  }

  /**
   * How likely the key is to change by the end of the step so many steps after the end of its row, where it had not by `knownMs`; null: not known. It is told
   * by the first series of the key.
   */
  changeProbability({ fields: [first], timeMs }: TrackedKey, step: number, knownMs: number): number | null {
    const row = first === undefined ? null : this.row(first.id);
    if (row === null) return null;
    const untilMs = row.get('endMs') + (step + 0.5) * row.get('stepMs');
    return row.changeProbability(knownMs - timeMs, untilMs - timeMs);
  }

  /** Of the key's first series; 0: there is none. */
  halfStepMs({ fields: [first] }: TrackedKey): number {
    return ((first === undefined ? null : this.row(first.id))?.get('stepMs') ?? 0) / 2;
  }

  row(id: number): TableRow | null {
    const row = this.#rows.get(id);
    return row === undefined ? null : new TableRow(row);
  }

  model(row: TableRow): string {
    return this.#models[row.get('model')] ?? '';
  }

  forget(ids: readonly number[]): void {
    if (mutant.active === 'table-keeps-forgotten') return;
    for (const id of ids) this.#rows.delete(id);
  }

  clear(): void {
    this.#rows.clear();
  }
}
