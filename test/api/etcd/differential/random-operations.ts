import type { ByteString } from '../../../../src/foundation/bytes.ts';
import type { Random } from '../../../../src/foundation/random.ts';
import type {
  compare,
  deleteRangeRequest,
  putRequest,
  rangeRequest,
  requestOp,
  txnRequest,
} from '../../../../src/protocol/etcd/messages/kv.ts';
import { type EtcdMethod, kvMethods, leaseMethods } from '../../../../src/protocol/etcd/methods.ts';
import type { Given } from '../../../../src/protocol/etcd/schema.ts';

/** What transactions do beside reading and plain puts. */
type Writes = 'none' | 'deletes' | 'keeps';

export interface RandomOperation {
  readonly method: EtcdMethod;
  readonly request: object;
  /** Reads the member's own state, so it must be asked of the one that has just written. */
  readonly serializable: boolean;
}

/** What the operations so far let one expect; only to make interesting ones likely. */
export interface Known {
  readonly revision: number;
  readonly compacted: number;
}

const letters = ['a', 'b', 'c'] as const;
/** No more than 12: so many etcd sorts with ties in key order; what it does with more is left to Go's sort. */
const keys = ['a', 'b', 'c', 'aa', 'ab', 'ac', 'ba', 'bb', 'bc', 'ca', 'cb', 'b\0\xff'] as const;

/** Operations of etcd's API over a few keys and leases, some of them invalid. */
export class RandomOperations {
  readonly #random: Random;
  readonly #leases: boolean;

  /** `leases`: whether both sides have the lease service. */
  constructor(random: Random, leases: boolean) {
    this.#random = random;
    this.#leases = leases;
  }

  next(known: Known): RandomOperation {
    const dice = this.#random.below(100);
    if (dice < 30) return this.#of(kvMethods.put, this.#put(true));
    if (dice < 55) {
      const request = this.#range(known);
      return {
        method: kvMethods.range,
        request,
        serializable: request.serializable === true,
      };
    }
    if (dice < 65) return this.#of(kvMethods.deleteRange, this.#delete());
    if (dice < 90 || !this.#leases) {
      if (dice >= 88) return this.#of(kvMethods.compact, this.#compact(known));
      const random = this.#random;
      const writes = random.chance(0.4) ? 'none' : random.chance(0.7) ? 'deletes' : 'keeps';
      const request = this.#txn(known, 0, writes);
      return { method: kvMethods.txn, request, serializable: isLocal(request) };
    }
    if (dice < 92) return this.#of(kvMethods.compact, this.#compact(known));
    return this.#lease();
  }

  #of(method: EtcdMethod, request: object): RandomOperation {
    return { method, request, serializable: false };
  }

  #key(): ByteString {
    const random = this.#random;
    if (random.chance(0.01)) return '' as ByteString;
    return random.pick(keys) as ByteString;
  }

  #rangeEnd(): ByteString {
    const random = this.#random;
    const dice = random.below(10);
    if (dice < 4) return '' as ByteString;
    if (dice < 5) return '\0' as ByteString;
    if (dice < 6) return random.pick(['d', 'bb\0', 'c\xff'] as const) as ByteString;
    return this.#key();
  }

  #leaseId(): bigint {
    if (this.#random.chance(0.6)) return 0n;
    return this.#random.pick([1n, 2n, 3n, 0x7fffffffffffffffn, BigInt.asUintN(64, -5n)]);
  }

  #value(): ByteString {
    const random = this.#random;
    if (random.chance(0.1)) return '' as ByteString;
    return `${random.pick(letters)}${random.below(6)}` as ByteString;
  }

  #put(keeps: boolean): Given<typeof putRequest> {
    const random = this.#random;
    const ignoreValue = keeps && random.chance(0.1);
    const ignoreLease = keeps && random.chance(0.1);
    return {
      key: this.#key(),
      value: ignoreValue && random.chance(0.9) ? ('' as ByteString) : this.#value(),
      lease: ignoreLease && random.chance(0.9) ? 0n : this.#leaseId(),
      prev_kv: random.chance(0.3),
      ignore_value: ignoreValue,
      ignore_lease: ignoreLease,
    };
  }

  #delete(): Given<typeof deleteRangeRequest> {
    return { key: this.#key(), range_end: this.#rangeEnd(), prev_kv: this.#random.chance(0.5) };
  }

  #compact({ revision, compacted }: Known): object {
    const random = this.#random;
    const target = random.chance(0.8)
      ? compacted + random.below(Math.max(1, revision - compacted + 1))
      : random.pick([0, -1, revision + 1, compacted, compacted - 1]);
    // As long as nothing was compacted, etcd takes 0 once and Tanist always.
    return { revision: target === 0 && compacted === 0 ? 1 : target, physical: random.chance(0.2) };
  }

  #revision({ revision, compacted }: Known): number {
    const random = this.#random;
    if (random.chance(0.6)) return 0;
    if (random.chance(0.85)) return compacted + random.below(Math.max(1, revision - compacted + 1));
    // Negative ones are special in etcd as long as nothing was compacted.
    const negative = compacted > 1 ? -1 : 1;
    return random.pick([negative, 1, Math.max(0, compacted - 1), compacted, revision + 1, revision + 1000]);
  }

  #bound({ revision }: Known): number {
    const random = this.#random;
    if (random.chance(0.85)) return 0;
    return random.chance(0.9) ? Math.max(1, revision - random.below(60)) : -random.below(3);
  }

  #range(known: Known): Given<typeof rangeRequest> {
    const random = this.#random;
    return {
      key: this.#key(),
      range_end: this.#rangeEnd(),
      limit: random.chance(0.6) ? 0 : random.pick([1, 2, 3, 5, 100, -1]),
      revision: this.#revision(known),
      sort_order: random.pick(['NONE', 'NONE', 'ASCEND', 'DESCEND'] as const),
      sort_target: random.pick(['KEY', 'KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE'] as const),
      serializable: random.chance(0.3),
      keys_only: random.chance(0.2),
      count_only: random.chance(0.1),
      min_mod_revision: this.#bound(known),
      max_mod_revision: this.#bound(known),
      min_create_revision: this.#bound(known),
      max_create_revision: this.#bound(known),
    };
  }

  /** It has deletes or puts that keep something, never both: etcd dies of such a put after its key's delete. */
  #txn(known: Known, depth: number, writes: Writes): Given<typeof txnRequest> {
    const random = this.#random;
    const many = random.chance(0.004) ? 129 : 0;
    return {
      compare: this.#times(random.below(3), () => this.#compare(known)),
      success: this.#times(many || random.below(4), () => this.#operation(known, depth, writes)),
      failure: this.#times(random.below(4), () => this.#operation(known, depth, writes)),
    };
  }

  #operation(known: Known, depth: number, writes: Writes): Given<typeof requestOp> {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 1) return {};
    if (dice < 40 && writes !== 'none') return { request_put: this.#put(writes === 'keeps') };
    if (dice < 70) return { request_range: this.#range(known) };
    if (dice < 85 && writes !== 'deletes') return { request_range: this.#range(known) };
    if (dice < 85) return { request_delete_range: this.#delete() };
    if (depth === 3) return { request_range: this.#range(known) };
    return { request_txn: this.#txn(known, depth + 1, writes) };
  }

  #compare({ revision }: Known): Given<typeof compare> {
    const random = this.#random;
    const common = {
      key: this.#key(),
      range_end: random.chance(0.3) ? this.#rangeEnd() : ('' as ByteString),
      result: random.pick(['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'] as const),
    };
    const number = random.chance(0.05) ? -random.below(4) : random.below(4);
    const at = random.chance(0.3) ? 0 : Math.max(-1, revision - random.below(40));
    switch (random.below(6)) {
      case 0:
        return { ...common, target: 'VERSION', version: number };
      case 1:
        return { ...common, target: 'CREATE', create_revision: at };
      case 2:
        return { ...common, target: 'MOD', mod_revision: at };
      case 3:
        return { ...common, target: 'VALUE', value: this.#value() };
      case 4:
        return { ...common, target: 'LEASE', lease: this.#leaseId() };
      default:
        // Nothing to compare with, or something that belongs to another target.
        return {
          ...common,
          target: random.pick(['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'] as const),
          ...(random.chance(0.5) ? { mod_revision: at } : {}),
        };
    }
  }

  #lease(): RandomOperation {
    const random = this.#random;
    const id = this.#leaseId();
    const dice = random.below(10);
    if (dice < 4 && id !== 0n) {
      const ttl = random.chance(0.9) ? 1000 + random.below(1000) : random.pick([0, -1, 9_000_000_001]);
      // One that expires would do so at another moment on each side.
      return this.#of(leaseMethods.leaseGrant, { ID: id, TTL: ttl <= 0 ? 5000 : ttl });
    }
    if (dice < 7) return this.#of(leaseMethods.leaseRevoke, { ID: id });
    if (dice < 9) return this.#of(leaseMethods.leaseTimeToLive, { ID: id, keys: random.chance(0.5) });
    return this.#of(leaseMethods.leaseLeases, {});
  }

  #times<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }
}

/** Whether a member may answer by itself: with ranges alone, all of them serializable, or with nothing at all. */
function isLocal({ success = [], failure = [] }: Given<typeof txnRequest>): boolean {
  return [...(success ?? []), ...(failure ?? [])].every(
    ({ request_put, request_delete_range, request_txn, request_range }) =>
      request_put == null &&
      request_delete_range == null &&
      (request_txn == null || isLocal(request_txn)) &&
      (request_range == null || request_range.serializable === true),
  );
}
