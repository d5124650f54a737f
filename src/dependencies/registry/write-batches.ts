import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CallOptions } from '../../ports/state-client.ts';

/** A put of a value on the sandbox's lease, or (null) a deletion. */
export type Change = readonly [key: string, value: string | null];

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Of one transaction: etcd's default, and Tanist's. */
const mostOperations = 128;
const mostWaiting = 262_144;
/** Transactions of one sandbox under way. */
const mostAtOnce = 16;

/**
 * The changes of one sandbox, in the order in which they were asked for: those that wait go out together, in as few transactions as they fit into; what comes
 * meanwhile waits for those. The changes of one call are applied together.
 */
export class WriteBatches {
  readonly #clock: Clock;
  readonly #write: (changes: readonly Change[], options?: CallOptions) => Promise<void>;
  #waiting: Waiting[] = [];
  #operations = 0;
  #running = false;

  constructor(clock: Clock, write: (changes: readonly Change[], options?: CallOptions) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
  }

  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  /** Fails as `overloaded`, and as what the write fails with. */
  add(changes: readonly Change[]): Promise<void> {
    if (this.#operations + changes.length > mostWaiting)
      return Promise.reject(
        new TanistError('overloaded', 'too many registrations wait for the cluster; try again later'),
      );
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#operations += changes.length;
      if (this.#running) return;
      this.#running = true;
      this.#clock.soon(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0)
      await Promise.all(this.#takeGroups().map((group) => this.#writeGroup(group)));
    this.#running = false;
  }

  /** No key is in two groups, so their order does not matter; a call that changes a key of an earlier one waits for the next round. */
  #takeGroups(): readonly (readonly Waiting[])[] {
    const groups: Waiting[][] = [];
    const keys = new Set<string>();
    let size = mostOperations;
    let taken = 0;
    for (const waiting of this.#waiting) {
      if (waiting.changes.some(([key]) => keys.has(key))) break;
      if (size + waiting.changes.length > mostOperations) {
        if (groups.length === mostAtOnce) break;
        groups.push([]);
        size = 0;
      }
      for (const [key] of waiting.changes) keys.add(key);
      groups.at(-1)?.push(waiting);
      size += waiting.changes.length;
      taken++;
    }
    for (const { changes } of this.#waiting.splice(0, taken)) this.#operations -= changes.length;
    return groups;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#write(group.flatMap(({ changes }) => changes));
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(asError(error));
    }
  }
}
