import { present } from '../../../foundation/assert.ts';

export type WriteState =
  /** Under way, or of unknown outcome: it may be there, now or later. */
  | { readonly kind: 'open' }
  /** Acknowledged durably. `revision` null: the answer named none. */
  | { readonly kind: 'acknowledged'; readonly revision: number | null }
  /** Its caller was told that it did nothing. */
  | { readonly kind: 'absent' }
  /** Acknowledged early, and then reported as lost (promise 4); it may be there nevertheless, where the report says so. */
  | { readonly kind: 'reported-lost'; readonly mayBeThere: boolean };

/** One change of one key that a caller asked for. Values are written once in a run, so an event tells which write it came from. */
export interface Write {
  readonly id: number;
  readonly part: string;
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty for a delete. */
  readonly value: string;
  readonly state: WriteState;
}

/** All writes of a window of the run, against which the committed history is held. */
export class Writes {
  readonly #writes: Write[] = [];

  get all(): readonly Write[] {
    return this.#writes;
  }

  began(part: string, type: 'put' | 'delete', key: string, value: string): number {
    const id = this.#writes.length;
    this.#writes.push({ id, part, type, key, value, state: { kind: 'open' } });
    return id;
  }

  ended(id: number, state: WriteState): void {
    this.#writes[id] = { ...present(this.#writes[id], 'a write that began'), state };
  }
}
