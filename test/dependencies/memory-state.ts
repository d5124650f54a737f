import { TanistError } from '../../src/foundation/errors.ts';
import { type LeaseId, leaseId, noLease, type Revision, revision } from '../../src/foundation/ids.ts';
import type {
  Bytes,
  ClientCompare,
  ClientKeyValue,
  ClientOperation,
  ClientOperationAnswer,
  ClientTxn,
  PutOptions,
  RangeAnswer,
  RangeOptions,
  StateClient,
  TxnAnswer,
  WatchBatch,
  WatchOptions,
} from '../../src/ports/state-client.ts';

const text = (bytes: Bytes): string => Buffer.from(bytes as string).toString('latin1');
const after = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

/** The part of a `StateClient` that the planes use, in memory, without time: leases end when a test ends them. */
export class MemoryState implements StateClient {
  readonly space = 'planes' as const;
  readonly keys = new Map<string, ClientKeyValue>();
  readonly leases = new Set<LeaseId>();
  /** How many commands were applied, by kind. */
  readonly counts: Record<string, number> = { put: 0, delete: 0, txn: 0, get: 0, keepAlive: 0 };
  /** Thrown by every call, while set. */
  failure: TanistError | null = null;
  #revision = 1;
  #nextLease = 1n;
  readonly #watchers = new Set<(batch: WatchBatch) => void>();

  async get(key: Bytes, options?: RangeOptions): Promise<RangeAnswer> {
    await this.#turn('get');
    const values = this.#range(text(key), options);
    const kept = options?.limit ? values.slice(0, options.limit) : values;
    return {
      revision: revision(this.#revision),
      values: kept,
      count: values.length,
      more: kept.length < values.length,
      ageMs: 0,
    };
  }

  async put(key: Bytes, value: Bytes, options?: PutOptions): Promise<{ revision: Revision; previous: null }> {
    await this.#turn('put');
    this.#apply([{ put: key, value, ...(options?.lease === undefined ? {} : { lease: options.lease }) }]);
    return { revision: revision(this.#revision), previous: null };
  }

  async delete(
    key: Bytes,
    options?: { readonly prefix?: boolean },
  ): Promise<{ revision: Revision; deleted: number; previous: [] }> {
    await this.#turn('delete');
    const [answer] = this.#apply([{ delete: key, ...(options?.prefix ? { prefix: true } : {}) }]);
    return {
      revision: revision(this.#revision),
      deleted: answer?.kind === 'delete' ? answer.deleted : 0,
      previous: [],
    };
  }

  async txn(transaction: ClientTxn): Promise<TxnAnswer> {
    await this.#turn('txn');
    const succeeded = transaction.if.every((compare) => this.#holds(compare));
    const operations = succeeded ? transaction.then : (transaction.else ?? []);
    if (operations.length > 128)
      throw new TanistError('transaction-too-large', `${operations.length} operations`);
    return { revision: revision(this.#revision), succeeded, answers: this.#apply(operations) };
  }

  async grantLease(
    ttlMs: number,
    options: { readonly id?: LeaseId } = {},
  ): Promise<{ id: LeaseId; ttlMs: number }> {
    await this.#turn('grant');
    const id = options.id ?? leaseId(this.#nextLease++);
    if (this.leases.has(id)) throw new TanistError('lease-exists', `lease ${id} exists already`);
    this.leases.add(id);
    return { id, ttlMs };
  }

  async revokeLease(id: LeaseId): Promise<void> {
    await this.#turn('revoke');
    this.#checkLease(id);
    this.endLease(id);
  }

  endLease(id: LeaseId): void {
    this.leases.delete(id);
    this.#apply(
      [...this.keys.values()].filter(({ lease }) => lease === id).map(({ key }) => ({ delete: key })),
    );
  }

  async keepLeaseAlive(id: LeaseId): Promise<{ ttlMs: number }> {
    await this.#turn('keepAlive');
    this.#checkLease(id);
    return { ttlMs: 10_000 };
  }

  async *watch(key: Bytes, options?: WatchOptions): AsyncGenerator<WatchBatch, void, undefined> {
    const start = text(key);
    const inside = (name: string): boolean => (options?.prefix ? name.startsWith(start) : name === start);
    const queue: WatchBatch[] = [{ revision: revision(this.#revision), events: [] }];
    let wake: () => void = () => undefined;
    const listen = (batch: WatchBatch): void => {
      const events = batch.events.filter(({ keyValue }) => inside(text(keyValue.key)));
      if (events.length > 0) queue.push({ ...batch, events });
      wake();
    };
    this.#watchers.add(listen);
    const onAbort = (): void => wake();
    options?.signal?.addEventListener('abort', onAbort);
    try {
      while (options?.signal?.aborted !== true) {
        const next = queue.shift();
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#watchers.delete(listen);
      options?.signal?.removeEventListener('abort', onAbort);
    }
  }

  async #turn(kind: string): Promise<void> {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (this.failure !== null) throw this.failure;
    await Promise.resolve();
  }

  #checkLease(id: LeaseId): void {
    if (!this.leases.has(id)) throw new TanistError('lease-not-found', 'no such lease');
  }

  #range(
    start: string,
    options?: { readonly prefix?: boolean; readonly rangeEnd?: Bytes; readonly order?: string },
  ): ClientKeyValue[] {
    const end = options?.prefix
      ? after(start)
      : options?.rangeEnd === undefined
        ? null
        : text(options.rangeEnd);
    const names = [...this.keys.keys()]
      .filter((name) => (end === null ? name === start : name >= start && name < end))
      .sort();
    if (options?.order === 'descend') names.reverse();
    return names.map((name) => this.keys.get(name)!);
  }

  #holds(compare: ClientCompare): boolean {
    const found = this.#range(text(compare.key), compare);
    const actual = found.length === 0 ? [{ version: 0, modRevision: 0 }] : found;
    if ('version' in compare)
      return actual.every(({ version }) =>
        compare.is === '=' ? version === compare.version : version !== compare.version,
      );
    if ('modRevision' in compare)
      return actual.every(({ modRevision }) => modRevision === compare.modRevision);
    throw new Error('not in this fake');
  }

  #apply(operations: readonly ClientOperation[]): ClientOperationAnswer[] {
    for (const operation of operations)
      if ('put' in operation && operation.lease !== undefined) this.#checkLease(operation.lease);
    const changed = operations.some((operation) => 'put' in operation || 'delete' in operation);
    if (changed) this.#revision++;
    const events: WatchBatch['events'][number][] = [];
    const answers = operations.map((operation): ClientOperationAnswer => {
      if ('put' in operation) {
        const name = text(operation.put);
        const old = this.keys.get(name);
        const keyValue: ClientKeyValue = {
          key: Buffer.from(name, 'latin1'),
          value: Buffer.from(operation.value as string),
          createRevision: old?.createRevision ?? revision(this.#revision),
          modRevision: revision(this.#revision),
          version: (old?.version ?? 0) + 1,
          lease: operation.lease ?? noLease,
        };
        this.keys.set(name, keyValue);
        events.push({ type: 'put', keyValue });
        return { kind: 'put', previous: null };
      }
      if ('delete' in operation) {
        const gone = this.#range(text(operation.delete), operation);
        for (const keyValue of gone) {
          this.keys.delete(text(keyValue.key));
          events.push({ type: 'delete', keyValue: { ...keyValue, value: Buffer.alloc(0), version: 0 } });
        }
        return { kind: 'delete', deleted: gone.length, previous: [] };
      }
      if ('get' in operation) {
        const values = this.#range(text(operation.get), operation.options);
        const kept = operation.options?.limit ? values.slice(0, operation.options.limit) : values;
        return {
          kind: 'get',
          revision: revision(this.#revision),
          values: kept,
          count: values.length,
          more: kept.length < values.length,
        };
      }
      throw new Error('not in this fake');
    });
    if (events.length > 0)
      for (const tell of this.#watchers) tell({ revision: revision(this.#revision), events });
    return answers;
  }
}
