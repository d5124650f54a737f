import type { ByteString } from '../../foundation/bytes.ts';
import { observationLength } from '../../prediction/online/messages.ts';
import { decimalsOf, numberIn, numberSpan } from '../../prediction/online/value-numbers.ts';
import type { TrackedField, TrackedKey } from './tracked-keys.ts';

/** Waiting changes; beyond it the oldest are dropped and counted: a forecast from the newest is worth more. */
const mostWaiting = 32_768;
/** Between two looks at the clock. */
const perLook = 64;

interface Waiting {
  readonly tracked: TrackedKey;
  readonly timeMs: number;
  readonly value: ByteString;
  readonly revision: number;
}

/** Changes of tracked keys on their way to the predictor, with the numbers in them. Values are read later, a little at a time. */
export class Observations {
  readonly #ownerOf: (id: number) => TrackedKey | null;
  #waiting: Waiting[] = [];
  #dropped = 0;

  /** `ownerOf`: whose series a number is now. */
  constructor(ownerOf: (id: number) => TrackedKey | null) {
    this.#ownerOf = ownerOf;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(tracked: TrackedKey, timeMs: number, value: ByteString, revision: number): void {
    this.#waiting.push({ tracked, timeMs, value, revision });
    if (this.#waiting.length < 2 * mostWaiting) return;
    this.#dropped += this.#waiting.length - mostWaiting;
    this.#waiting = this.#waiting.slice(-mostWaiting);
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Takes from the front for as long as `mayGoOn`; at least a few. The rest waits. Of series that are not their key's any more there are none. `more`: rows that go along. */
  take(mayGoOn: () => boolean, more: readonly number[] = []): Float64Array {
    const rows: number[] = [...more];
    let taken = 0;
    for (const { tracked, timeMs, value, revision } of this.#waiting) {
      if (taken > 0 && taken % perLook === 0 && !mayGoOn()) break;
      taken++;
      for (const field of tracked.fields)
        if (this.#ownerOf(field.id) === tracked) rows.push(field.id, timeMs, read(field, value), revision);
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken);
    return Float64Array.from(rows);
  }
}

/** Rows that come in a batch. */
export function rowsOf(rows: Float64Array): number {
  return rows.length / observationLength;
}

function read(field: TrackedField, value: ByteString): number {
  const span = numberSpan(value, field.tokens);
  if (span !== null) field.decimals = Math.max(field.decimals, decimalsOf(value, span));
  return numberIn(value, span);
}
