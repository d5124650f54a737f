import type { AddressFacts } from '../../ports/dependency-registry.ts';

/** What a source began to answer. */
export interface Incoming {
  /** Of the whole object, where it says so. */
  readonly totalBytes: number | null;
  /** Position of the first byte that comes: `from`, or 0 where the source cannot begin in the middle. */
  readonly startsAt: number;
  /** Of an answer by address. */
  readonly answer?: AddressFacts;
  /** Fails where the source falls silent, and where it ends too early. Leaving the loop ends the request. */
  readonly body: AsyncIterable<Buffer>;
}

/** Somewhere that an object can be had. */
export interface Source {
  /** For people. */
  readonly name: string;
  /** Null: upstream. */
  readonly sandbox: string | null;
  /** Whether it gives any part of the object, and not only what comes after a position. */
  readonly givesParts: boolean;
  /** Fails as `unavailable`, `upstream-failed`, `key-not-found`, `cancelled`. */
  open(from: number, before: number | null, signal: AbortSignal): Promise<Incoming>;
}
