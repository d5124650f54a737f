import { type ByteString, byteString } from '../../foundation/bytes.ts';
import type { Space } from '../../ports/delta.ts';
import type { ClientKeyValue, RangeAnswer } from '../../ports/state-client.ts';
import { type ForkEntry, type ForkHead, isIn, lacksChanges } from '../../replication/fork/fork-entry.ts';

const keysAtOnce = 1000;

/** A read of keys `from` ≤ key, in order. */
export type ReadKeys = (
  space: Space,
  from: Uint8Array,
  limit: number,
) => Promise<Pick<RangeAnswer, 'values' | 'more'>>;

/**
 * Keys that the new lineage has as of the fork and a member that came back had not: it had deleted them beyond the fork and forgotten when. Memory grows
 * with the keys that the file names.
 */
export class AbsentKeys {
  readonly #head: ForkHead;
  readonly #named = new Map<Space, Set<ByteString>>();

  constructor(head: ForkHead) {
    this.#head = head;
  }

  /** In all spaces that callers write. */
  static readonly spaces: readonly Space[] = ['user', 'planes'];

  entry({ space, key, committed }: ForkEntry): void {
    // What only its log has it may never have applied.
    if (!committed) return;
    const named = this.#named.get(space) ?? new Set();
    this.#named.set(space, named.add(key));
  }

  async *of(space: Space, read: ReadKeys): AsyncGenerator<ClientKeyValue> {
    const { fork } = this.#head;
    if (!lacksChanges(this.#head, space)) return;
    for (let from: Uint8Array | null = Buffer.from([0]); from !== null; ) {
      const { values, more } = await read(space, from, keysAtOnce);
      for (const value of values) {
        const key = byteString(value.key);
        const isOfFork = value.modRevision <= fork.revisions[space] && isIn(fork.ranges, space, key);
        if (isOfFork && this.#named.get(space)?.has(key) !== true) yield value;
      }
      const last = values.at(-1);
      from = more && last !== undefined ? Buffer.concat([last.key, Buffer.from([0])]) : null;
    }
  }
}
