import type { Generation } from './snapshot-index.ts';

/** A row that is not what was written, or content that is not what its digest says. Thrown within cold/ alone: the store quarantines it. */
export class Damage extends Error {
  override readonly name = 'Damage';
  /** Null: of the store's own lists; everything there is goes by them. */
  readonly where: Generation | null;
  /** Kept as evidence. */
  readonly row: { readonly key: string; readonly value: Uint8Array } | null;

  constructor(message: string, where: Damage['where'], row: Damage['row'] = null) {
    super(message);
    this.where = where;
    this.row = row;
  }
}
