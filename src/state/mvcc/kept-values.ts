import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { comparatorOf, hasFilter, passes, withoutValue } from './range.ts';

/** What `KeyValue`s take beside keys and values, about. */
const overheadBytes = 48;

/** Of the values so far those that the answer may hold, filtered and in its order. */
export class KeptValues {
  readonly #request: RangeRequest;
  readonly #compare: ((left: KeyValue, right: KeyValue) => number) | null;
  readonly #most: number;
  #values: KeyValue[] = [];
  #bytes = 0;

  constructor(request: RangeRequest) {
    this.#request = request;
    this.#compare = request.target === 'key' ? null : comparatorOf(request);
    // One more than asked for: whether there is more.
    this.#most = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit + 1;
  }

  /** Of all that was added. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The values of the next keys. */
  add(piece: KeyValue[]): void {
    const request = this.#request;
    const fit = hasFilter(request) ? piece.filter((value) => passes(request, value)) : piece;
    for (const value of fit) this.#bytes += this.#bytesOf(value);
    if (this.#compare !== null) this.#values = merged(this.#values, fit.sort(this.#compare), this.#compare);
    else if (request.order === 'descend') this.#values = fit.reverse().concat(this.#values);
    else if (this.#values.length < this.#most) for (const value of fit) this.#values.push(value);
    if (this.#values.length > this.#most) this.#values.length = this.#most;
  }

  /** Whether what is kept by now takes more than so many bytes. Counts anew only once more than that was added. */
  holdsMoreThan(bytes: number): boolean {
    if (this.#bytes <= bytes) return false;
    let held = 0;
    for (const value of this.#values) held += this.#bytesOf(value);
    return held > bytes;
  }

  #bytesOf({ key, value }: KeyValue): number {
    return key.length + (this.#request.keysOnly ? 0 : value.length) + overheadBytes;
  }

  taken(): { readonly values: readonly KeyValue[]; readonly more: boolean } {
    const { limit, keysOnly } = this.#request;
    const more = limit > 0 && this.#values.length > limit;
    if (more) this.#values.length = limit;
    return { values: keysOnly ? this.#values.map(withoutValue) : this.#values, more };
  }
}

/** Two sorted lists as one; of equals the left ones come first. */
function merged(
  left: readonly KeyValue[],
  right: readonly KeyValue[],
  compare: (left: KeyValue, right: KeyValue) => number,
): KeyValue[] {
  const all: KeyValue[] = [];
  let i = 0;
  for (const value of right) {
    for (let next = left[i]; next !== undefined && compare(next, value) <= 0; next = left[i]) {
      all.push(next);
      i++;
    }
    all.push(value);
  }
  for (; i < left.length; i++) all.push(left[i] as KeyValue);
  return all;
}
