import type { ByteString } from '../../../foundation/bytes.ts';
import type { StateDelta } from '../../../ports/delta.ts';

const secondMs = 1000;
/** A quiet time longer than so many seconds is a gap, not a row of nothings. */
const longestQuiet = 64;
/** Seconds that are remembered until somebody takes them: as many as a model looks back over. */
const mostSeconds = 640;

/** What went to each prefix in one second of cluster time. */
export interface SecondOfOperations {
  /** Its end: from then on it is known. */
  readonly endMs: number;
  /** Of each prefix the operations, and the bytes of their keys and values, one after the other. */
  readonly numbers: Float64Array;
}

/**
 * Operations by prefix, counted over seconds of cluster time: whoever applied the same changes has the same numbers, whenever it applied them. A change of a
 * later second ends a second, or the time that passes.
 */
export class Operations {
  /** The longest first: each operation counts for one. */
  readonly #prefixes: readonly ByteString[];
  #endMs = Number.NEGATIVE_INFINITY;
  #numbers: Float64Array;
  /** Counted from the first to the last moment of it. */
  #isWhole = false;
  #ended: SecondOfOperations[] = [];
  #beganMs = Number.POSITIVE_INFINITY;

  constructor(prefixes: readonly ByteString[]) {
    this.#prefixes = prefixes;
    this.#numbers = this.#none();
  }

  /** The beginning of the first second that it saw something of; ∞: it saw nothing yet. */
  get beganMs(): number {
    return this.#beganMs;
  }

  applied({ key, value, timeMs }: Pick<StateDelta, 'key' | 'value' | 'timeMs'>): void {
    this.passed(timeMs);
    const index = this.#prefixes.findIndex((prefix) => key.startsWith(prefix));
    if (index < 0) return;
    this.#numbers[2 * index] = (this.#numbers[2 * index] ?? 0) + 1;
    this.#numbers[2 * index + 1] = (this.#numbers[2 * index + 1] ?? 0) + key.length + value.length;
  }

  /** Nothing of before this moment is still to come. What comes late all the same counts for the second that it comes in. */
  passed(timeMs: number): void {
    if (timeMs < this.#endMs || !Number.isFinite(timeMs)) return;
    const endMs = (Math.floor(timeMs / secondMs) + 1) * secondMs;
    if (this.#isWhole) this.#end(this.#endMs, this.#numbers);
    if (!Number.isFinite(this.#beganMs)) this.#beganMs = endMs - secondMs;
    const quiet = (endMs - this.#endMs) / secondMs - 1;
    // Of the second that it begins in it is not known what was before.
    this.#isWhole = Number.isFinite(this.#endMs);
    if (this.#isWhole && quiet <= longestQuiet)
      for (let i = 1; i <= quiet; i++) this.#end(this.#endMs + i * secondMs, this.#none());
    this.#endMs = endMs;
    this.#numbers = this.#none();
  }

  /** The seconds that ended since it was asked last, oldest first. */
  take(): readonly SecondOfOperations[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  #end(endMs: number, numbers: Float64Array): void {
    this.#ended.push({ endMs, numbers });
    if (this.#ended.length > mostSeconds) this.#ended.shift();
  }

  #none(): Float64Array {
    return new Float64Array(2 * this.#prefixes.length);
  }
}
