import type { KeyValue, StateDelta } from '../../ports/delta.ts';

/** What is kept within a turn of the event loop. */
const keptBytes = 8 * 1024 * 1024;

/** Encodes what many watchers get once for all of them: within a turn of the event loop they hear of the same changes. */
export class SharedEvents {
  readonly #encode: (delta: StateDelta, previous: KeyValue | null) => Buffer;
  readonly #plain = new Map<StateDelta, Buffer>();
  readonly #withPrevious = new Map<StateDelta, Buffer>();
  readonly #forget = (): void => this.#clear();
  #bytes = 0;

  constructor(encode: (delta: StateDelta, previous: KeyValue | null) => Buffer) {
    this.#encode = encode;
  }

  /** `previous`: the same for every watcher that wants one. */
  event(delta: StateDelta, previous: KeyValue | null): Buffer {
    const known = previous === null ? this.#plain : this.#withPrevious;
    let encoded = known.get(delta);
    if (encoded === undefined) {
      encoded = this.#encode(delta, previous);
      if (this.#bytes === 0) setImmediate(this.#forget);
      else if (this.#bytes > keptBytes) this.#clear();
      this.#bytes += encoded.length;
      known.set(delta, encoded);
    }
    return encoded;
  }

  #clear(): void {
    this.#plain.clear();
    this.#withPrevious.clear();
    this.#bytes = 0;
  }
}
