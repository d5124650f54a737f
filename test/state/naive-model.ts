import type { ByteString } from '../../src/foundation/bytes.ts';
import type {
  Compare,
  DeleteRangeCommand,
  Operation,
  PutCommand,
  TxnCommand,
} from '../../src/ports/command.ts';
import type { KeyValue } from '../../src/ports/delta.ts';

/** A space as a list of complete snapshots, one a revision: slow, and plainly right. */
export class NaiveSpace {
  /** `versions[r]`: the keys at revision r. */
  readonly versions: Map<ByteString, KeyValue>[] = [new Map(), new Map()];
  compacted = 0;
  #draft: Map<ByteString, KeyValue> | null = null;

  get revision(): number {
    return this.versions.length - 1;
  }

  get #now(): Map<ByteString, KeyValue> {
    return this.#draft ?? this.versions[this.revision]!;
  }

  at(revision: number, key: ByteString, rangeEnd: ByteString): KeyValue[] {
    return select(this.versions[revision]!, key, rangeEnd);
  }

  put({ key, value, lease }: PutCommand): void {
    this.#draft ??= new Map(this.#now);
    const old = this.#draft.get(key);
    const at = this.versions.length as KeyValue['modRevision'];
    this.#draft.set(key, {
      key,
      value,
      createRevision: old?.createRevision ?? at,
      modRevision: at,
      version: (old?.version ?? 0) + 1,
      lease,
    });
  }

  delete({ key, rangeEnd }: DeleteRangeCommand): number {
    const gone = select(this.#now, key, rangeEnd);
    if (gone.length === 0) return 0;
    this.#draft ??= new Map(this.#now);
    for (const each of gone) this.#draft.delete(each.key);
    return gone.length;
  }

  /** Answers of its reads and deletes, flattened. */
  txn(txn: TxnCommand): unknown[] {
    const path = this.#path(txn);
    const answers = this.#run(txn, path);
    this.commit();
    return answers;
  }

  commit(): void {
    if (this.#draft !== null) this.versions.push(this.#draft);
    this.#draft = null;
  }

  #path(txn: TxnCommand): boolean[] {
    const taken = txn.compares.every((compare) => this.#holds(compare));
    const branch = taken ? txn.success : txn.failure;
    return [taken, ...branch.flatMap((each) => (each.kind === 'txn' ? this.#path(each) : []))];
  }

  #run(txn: TxnCommand, path: boolean[]): unknown[] {
    const taken = path.shift()!;
    return [taken, ...(taken ? txn.success : txn.failure).flatMap((each) => this.#one(each, path))];
  }

  #one(operation: Operation, path: boolean[]): unknown[] {
    if (operation.kind === 'put') this.put(operation);
    if (operation.kind === 'deleteRange') return [this.delete(operation)];
    if (operation.kind === 'range') return [select(this.#now, operation.key, operation.rangeEnd)];
    return operation.kind === 'txn' ? this.#run(operation, path) : [];
  }

  #holds(compare: Compare): boolean {
    const values = select(this.#now, compare.key, compare.rangeEnd);
    if (compare.target === 'value')
      return values.length > 0 && values.every((v) => v.value === compare.value);
    if (compare.target !== 'version') throw new Error('not modelled');
    return (values.length === 0 ? [{ version: 0 }] : values).every((v) => v.version > compare.number);
  }
}

function select(all: ReadonlyMap<ByteString, KeyValue>, key: ByteString, rangeEnd: ByteString): KeyValue[] {
  return [...all.values()]
    .filter((v) =>
      rangeEnd === '' ? v.key === key : v.key >= key && (rangeEnd === '\0' || v.key < rangeEnd),
    )
    .sort((x, y) => (x.key < y.key ? -1 : 1));
}
