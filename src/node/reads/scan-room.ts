import { TanistError } from '../../foundation/errors.ts';

/**
 * Memory for reads that take many turns: each reserves what its answer may take before it begins, so that all of them together stay within
 * `bytes`. Who finds no room waits in line, holding nothing; where the line is full it is refused.
 */
export class ScanRoom {
  readonly #bytes: number;
  readonly #most: number;
  #free: number;
  #count = 0;
  #line: { readonly bytes: number; readonly enter: () => void }[] = [];

  /** `most`: scans under way or in line. */
  constructor(bytes: number, most: number) {
    this.#bytes = bytes;
    this.#most = most;
    this.#free = bytes;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Runs `scan` when there is room for `bytes`, in the order of asking. Errors: `overloaded`, those of the scan. */
  async within<T>(bytes: number, scan: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#most)
      throw new TanistError('overloaded', `${this.#most} large ranges are being read; try again`);
    const reserved = Math.min(bytes, this.#bytes);
    this.#count += 1;
    try {
      if (this.#line.length > 0 || reserved > this.#free)
        await new Promise<void>((enter) => this.#line.push({ bytes: reserved, enter }));
      else this.#free -= reserved;
      try {
        return await scan();
      } finally {
        this.#free += reserved;
        this.#admit();
      }
    } finally {
      this.#count -= 1;
    }
  }

  #admit(): void {
    for (let next = this.#line[0]; next !== undefined && next.bytes <= this.#free; next = this.#line[0]) {
      this.#line.shift();
      this.#free -= next.bytes;
      next.enter();
    }
  }
}
