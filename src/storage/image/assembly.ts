import { createHash } from 'node:crypto';
import { revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { DatabaseRow } from '../../ports/database.ts';
import { spaces } from '../../ports/delta.ts';
import type { HeldValue } from '../../ports/image-store.ts';
import { chunksPrefix } from './chunk-codec.ts';
import { leanPrefix, wholeChunk, wholeKey } from './lean-chunk.ts';
import { damagedTransfer } from './snapshot-frames.ts';

/** An image put together from what is sent and what is held: row for row what the sender has, or nothing. */
export class Assembly {
  readonly #heldValue: HeldValue;
  readonly #hash = createHash('sha256');
  #filled = 0;

  constructor(heldValue: HeldValue) {
    this.#heldValue = heldValue;
  }

  /** Of each row in order. Errors: `data-damaged`, where what it lacks is not held. */
  whole(row: DatabaseRow): DatabaseRow {
    const whole = row.key.startsWith(leanPrefix) ? this.#fill(wholeKey(row.key), row.value) : row;
    this.#hash.update(whole.key, 'latin1').update(whole.value);
    return whole;
  }

  /** `told`: what the sender says of the whole; absent where it left nothing out. Errors: `data-damaged`. */
  check(told: string | undefined): void {
    if (told === undefined && this.#filled === 0) return;
    if (told === this.#hash.digest('hex') || mutant.active === 'held-value-unchecked') return;
    throw damagedTransfer('put together with what is held here it is not what the sender has');
  }

  #fill(key: string, lean: Uint8Array): DatabaseRow {
    const space = spaces.find((each) => key.startsWith(chunksPrefix(each)));
    const value =
      space === undefined
        ? null
        : wholeChunk(key, lean, (of, at) => this.#heldValue(space, of, revision(at)));
    if (value === null) throw damagedTransfer(`record ${key} cannot be put together from what is held here`);
    this.#filled++;
    return { key, value };
  }
}
