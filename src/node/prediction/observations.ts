import type { ByteString } from '../../foundation/bytes.ts';
import { observationLength } from '../../prediction/online/messages.ts';
import { decimalsOf, numberIn, numberSpan } from '../../prediction/online/value-numbers.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { readable, WorkMeter } from './readable.ts';
import type { TrackedField, TrackedKey } from './tracked-keys.ts';

/** What one takes besides its value or its numbers, about. */
const overheadBytes = 96;
/** Between two looks at the clock, at most. */
const perLook = 64;

interface Waiting {
  readonly tracked: TrackedKey;
  readonly timeMs: number;
  readonly revision: number;
  /** Its numbers where they were read already, one for each field. */
  readonly content: ByteString | readonly number[];
}

/** Changes of tracked keys on their way to the predictor, with the numbers in them. Values are read later, a little at a time. */
export class Observations {
  readonly #ownerOf: (id: number) => TrackedKey | null;
  readonly #queue = new BoundedQueue(sizeOf);

  /** `ownerOf`: whose series a number is now. */
  constructor(ownerOf: (id: number) => TrackedKey | null) {
    this.#ownerOf = ownerOf;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  get isEmpty(): boolean {
    return this.#queue.waiting.length === 0;
  }

  /** To be read when it is taken. */
  add(tracked: TrackedKey, timeMs: number, value: ByteString, revision: number): void {
    this.#queue.add({ tracked, timeMs, revision, content: readable(value, tracked.fields) });
  }

  /** Read at once: of many values only the numbers are kept. */
  addRead(tracked: TrackedKey, timeMs: number, value: ByteString, revision: number): void {
    const content = numbersOf(tracked, readable(value, tracked.fields));
    this.#queue.add({ tracked, timeMs, revision, content });
  }

  clear(): void {
    this.#queue.clear();
  }

  /** Takes from the front for as long as `mayGoOn`; at least a few. The rest waits. Of series that are not their key's any more there are none. `more`: rows that go along. */
  take(mayGoOn: () => boolean, more: readonly number[] = []): Float64Array {
    const rows: number[] = [...more];
    const meter = new WorkMeter(perLook);
    let taken = 0;
    for (const { tracked, timeMs, content, revision } of this.#queue.waiting) {
      if (meter.isDue(content, tracked.fields.length) && !mayGoOn()) break;
      taken++;
      if (tracked.fields.some(({ id }) => this.#ownerOf(id) !== tracked)) continue;
      const numbers = typeof content === 'string' ? numbersOf(tracked, content) : content;
      for (const [i, { id }] of tracked.fields.entries())
        rows.push(id, timeMs, numbers[i] ?? Number.NaN, revision);
    }
    this.#queue.remove(taken);
    return Float64Array.from(rows);
  }
}

/** Rows that come in a batch. */
export function rowsOf(rows: Float64Array): number {
  return rows.length / observationLength;
}

function sizeOf({ content }: Waiting): number {
  return overheadBytes + (typeof content === 'string' ? content.length : 8 * content.length);
}

function numbersOf({ fields }: TrackedKey, value: ByteString): readonly number[] {
  return fields.map((field) => read(field, value));
}

function read(field: TrackedField, value: ByteString): number {
  const span = numberSpan(value, field.tokens);
  if (span !== null) field.decimals = Math.max(field.decimals, decimalsOf(value, span));
  return numberIn(value, span);
}
