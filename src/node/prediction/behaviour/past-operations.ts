import type { ByteString } from '../../../foundation/bytes.ts';
import type { StateDelta } from '../../../ports/delta.ts';
import { Operations, type SecondOfOperations } from './operations.ts';

/** As many as a model looks back over. */
const mostSeconds = 640;

/** The operations that the stored history still tells of: one space after the other, each in order of time. */
export class PastOperations {
  readonly #prefixes: readonly ByteString[];
  #ofSpace: Operations;
  #space: StateDelta['space'] | null = null;
  readonly #bySecond = new Map<number, Float64Array>();

  constructor(prefixes: readonly ByteString[]) {
    this.#prefixes = prefixes;
    this.#ofSpace = new Operations(prefixes);
  }

  add(delta: StateDelta): void {
    if (delta.space !== this.#space) {
      this.#collect();
      this.#ofSpace = new Operations(this.#prefixes);
      this.#space = delta.space;
    }
    this.#ofSpace.applied(delta);
  }

  /** Whole seconds that ended by this moment, oldest first. */
  until(endMs: number): readonly SecondOfOperations[] {
    this.#collect();
    return [...this.#bySecond]
      .filter(([each]) => each <= endMs)
      .sort(([a], [b]) => a - b)
      .slice(-mostSeconds)
      .map(([each, numbers]) => ({ endMs: each, numbers }));
  }

  /** Once for a space: it remembers as many seconds itself. */
  #collect(): void {
    for (const { endMs, numbers } of this.#ofSpace.take()) {
      const known = this.#bySecond.get(endMs);
      this.#bySecond.set(
        endMs,
        known === undefined ? numbers : numbers.map((each, i) => each + (known[i] ?? 0)),
      );
    }
  }
}
