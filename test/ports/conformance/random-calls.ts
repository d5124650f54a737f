// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { leaseId, type Revision, revision } from '../../../src/foundation/ids.ts';
import type { Random } from '../../../src/foundation/random.ts';
import type {
  ClientCompare,
  ClientOperation,
  ClientTxn,
  RangeOptions,
  StateClient,
} from '../../../src/ports/state-client.ts';
import type { Subject } from './subject.ts';

export interface RandomCall {
  readonly text: string;
  readonly run: (subject: Subject) => Promise<unknown>;
}

/** What the calls so far let one expect; only to make interesting ones likely. */
export interface KnownRevisions {
  readonly revision: number;
  readonly compacted: number;
}

/** No more than 12: so many etcd sorts with ties in key order. */
const keys = ['a', 'b', 'c', 'aa', 'ab', 'ac', 'ba', 'bb', 'bc', 'ca', 'cb', 'b\0\xff'] as const;
const signs = ['=', '!=', '>', '<'] as const;
const sorts = ['key', 'version', 'create', 'mod', 'value'] as const;

/** Calls of the port over a few keys and leases, some of them mistaken. */
export class RandomCalls {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(known: KnownRevisions): RandomCall {
    const dice = this.#random.below(100);
    if (dice < 25) {
      const [key, value, options] = [this.#key(), this.#value(), this.#putOptions()];
      return call('put', [key, value, options], (client) => client.put(key, value, options));
    }
    if (dice < 50) {
      const [key, options] = [this.#key(), this.#range(known)];
      return call('get', [key, options], (client) => client.get(key, options));
    }
    if (dice < 62) {
      const [key, options] = [this.#key(), { ...this.#bounds(), previous: this.#random.chance(0.5) }];
      return call('delete', [key, options], (client) => client.delete(key, options));
    }
    if (dice < 85) {
      const txn = this.#txn(known, 0);
      return call('txn', [txn], (client) => client.txn(txn));
    }
    if (dice < 88) {
      const at = known.compacted + this.#random.below(Math.max(1, known.revision - known.compacted));
      if (at <= Math.max(1, known.compacted)) return this.next(known);
      return { text: `compact ${at}`, run: (subject) => subject.compact(at) };
    }
    const id = leaseId(this.#random.pick([1n, 2n, 3n, 2n ** 64n - 7n]));
    if (dice < 93) return call('grantLease', [id], (client) => client.grantLease(1_000_000, { id }));
    if (dice < 97) return call('revokeLease', [id], (client) => client.revokeLease(id));
    return call('keepLeaseAlive', [id], (client) => client.keepLeaseAlive(id));
  }

  #key(): string {
    return this.#random.chance(0.02) ? '' : this.#random.pick(keys);
  }

  #value(): string {
    return this.#random.chance(0.1) ? '' : `v${this.#random.below(9)}`;
  }

  #putOptions(): { lease?: ReturnType<typeof leaseId>; previous: boolean } {
    const random = this.#random;
    const previous = random.chance(0.4);
    return random.chance(0.4)
      ? { lease: leaseId(random.pick([1n, 2n, 3n, 2n ** 64n - 7n])), previous }
      : { previous };
  }

  #bounds(): { rangeEnd?: string; prefix?: boolean } {
    const random = this.#random;
    if (random.chance(0.3)) return {};
    if (random.chance(0.4)) return { prefix: true };
    return { rangeEnd: random.chance(0.2) ? '\0' : random.pick(keys) };
  }

  #revision({ revision: latest, compacted }: KnownRevisions): Revision {
    const random = this.#random;
    if (random.chance(0.7)) return revision(0);
    if (random.chance(0.1)) return revision(random.pick([1, latest + 1, Math.max(0, compacted - 1)]));
    return revision(compacted + random.below(Math.max(1, latest - compacted + 1)));
  }

  #range(known: KnownRevisions): RangeOptions {
    const random = this.#random;
    const bound = (): Revision =>
      revision(random.chance(0.85) ? 0 : Math.max(1, known.revision - random.below(40)));
    return {
      ...this.#bounds(),
      ...(random.chance(0.4) ? { limit: random.pick([0, 1, 2, 3, 5, 100]) } : {}),
      ...(random.chance(0.5)
        ? { order: random.pick(['ascend', 'descend'] as const), sortBy: random.pick(sorts) }
        : {}),
      revision: this.#revision(known),
      keysOnly: random.chance(0.1),
      countOnly: random.chance(0.1),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    };
  }

  #txn(known: KnownRevisions, depth: number): ClientTxn {
    const operations = (): ClientOperation[] =>
      Array.from({ length: this.#random.below(4) }, () => this.#operation(known, depth));
    return {
      if: Array.from({ length: this.#random.below(3) }, () => this.#compare(known)),
      then: operations(),
      else: operations(),
    };
  }

  #operation(known: KnownRevisions, depth: number): ClientOperation {
    const random = this.#random;
    const dice = random.below(10);
    if (dice < 4) return { put: this.#key(), value: this.#value(), ...this.#putOptions() };
    if (dice < 7) return { get: this.#key(), options: this.#range(known) };
    if (dice < 9 || depth === 2) {
      // With an end: etcd overlooks that a deletion without one meets a put.
      const end = random.chance(0.3) ? {} : { rangeEnd: random.pick(keys) };
      return { delete: this.#key(), ...end, previous: random.chance(0.5) };
    }
    return { txn: this.#txn(known, depth + 1) };
  }

  #compare(known: KnownRevisions): ClientCompare {
    const random = this.#random;
    const rangeEnd = random.chance(0.2) ? { rangeEnd: random.pick(keys) } : {};
    const head = { key: this.#key(), ...rangeEnd, is: random.pick(signs) };
    const number = random.chance(0.4) ? 0 : random.below(known.revision + 1);
    switch (random.below(5)) {
      case 0:
        return { ...head, version: random.below(4) };
      case 1:
        return { ...head, createRevision: number };
      case 2:
        return { ...head, modRevision: number };
      case 3:
        return { ...head, value: this.#value() };
      default:
        return { ...head, lease: leaseId(random.pick([0n, 1n, 2n])) };
    }
  }
}

function call(
  name: string,
  given: readonly unknown[],
  run: (client: StateClient) => Promise<unknown>,
): RandomCall {
  return { text: `${name} ${textOf(given)}`, run: ({ client }) => run(client) };
}

export function textOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return String(each);
    // A Buffer has become an object before it gets here.
    const bytes = each as { type?: unknown; data?: unknown } | null;
    return bytes?.type === 'Buffer' && Array.isArray(bytes.data)
      ? Buffer.from(bytes.data).toString('latin1')
      : each;
  });
}
