import { assert, present } from '../../foundation/assert.ts';
import type { HistoryEvent } from '../history.ts';

/** An element is appended to a key at most once in a history: that is what makes the order of writes visible (Elle §4.2.1). */
export type ListOperation =
  | { readonly kind: 'append'; readonly key: string; readonly element: string }
  /** `list` null: not asked for, or the answer is not known. */
  | { readonly kind: 'read'; readonly key: string; readonly list: readonly string[] | null };

export type ListRead = Extract<ListOperation, { kind: 'read' }>;

/** The same operations in the same order come back, with the lists that were read. */
export type ListTransaction = readonly ListOperation[];

export type ListHistoryEvent = HistoryEvent<ListTransaction, ListTransaction>;

/** `aborted`: certainly without effect; `unknown`: it may have happened. */
export type Fate = 'committed' | 'aborted' | 'unknown';

/** A transaction with its place in real time: positions in the history, `returned` infinite when it has no known end. */
export interface PlacedTransaction {
  readonly id: number;
  readonly caller: string;
  readonly fate: Fate;
  readonly operations: ListTransaction;
  readonly called: number;
  readonly returned: number;
}

/** In order of the calls, aborted ones among them. */
export function placedTransactions(events: readonly ListHistoryEvent[]): readonly PlacedTransaction[] {
  const found = new Map<number, PlacedTransaction>();
  events.forEach((event, position) => {
    const id = event.operation;
    if (event.kind === 'invoke') {
      assert(!found.has(id), `transaction ${id} is invoked twice`);
      const operations = event.input.map(withoutAnswer);
      const returned = Number.POSITIVE_INFINITY;
      found.set(id, { id, caller: event.caller, fate: 'unknown', operations, called: position, returned });
      return;
    }
    const open = present(found.get(id), `transaction ${id} ends without a beginning`);
    assert(open.returned === Number.POSITIVE_INFINITY, `transaction ${id} ends twice`);
    if (event.kind === 'ok') {
      found.set(id, { ...open, fate: 'committed', operations: event.output, returned: position });
    } else if (event.kind === 'fail') {
      found.set(id, { ...open, fate: 'aborted', returned: position });
    }
  });
  return [...found.values()];
}

function withoutAnswer(operation: ListOperation): ListOperation {
  return operation.kind === 'read' ? { ...operation, list: null } : operation;
}

/** A committed read as others' writes explain it: what the transaction itself had appended before is taken off its end. */
export interface ExternalRead {
  readonly by: PlacedTransaction;
  readonly key: string;
  readonly list: readonly string[];
  /** Before any append of its own to the key. */
  readonly clean: boolean;
}

export function externalReads(transaction: PlacedTransaction): readonly ExternalRead[] {
  if (transaction.fate !== 'committed') return [];
  const own = new Map<string, string[]>();
  const reads: ExternalRead[] = [];
  for (const operation of transaction.operations) {
    const { key } = operation;
    const appended = own.get(key) ?? [];
    if (operation.kind === 'append') {
      own.set(key, [...appended, operation.element]);
    } else if (operation.list !== null) {
      const { list } = operation;
      const at = list.length - appended.length;
      const ends = at >= 0 && appended.every((element, i) => list[at + i] === element);
      reads.push({
        by: transaction,
        key,
        list: ends ? list.slice(0, at) : list,
        clean: appended.length === 0,
      });
    }
  }
  return reads;
}

export function nameOf(transaction: PlacedTransaction): string {
  return `T${transaction.id}`;
}

/** `T3 (caller c1): append x 1, read y [2 3]`. */
export function describeTransaction(transaction: PlacedTransaction): string {
  const operations = transaction.operations.map((each) =>
    each.kind === 'append'
      ? `append ${each.key} ${each.element}`
      : `read ${each.key} ${each.list === null ? '?' : showList(each.list)}`,
  );
  const fate = transaction.fate === 'committed' ? '' : `, ${transaction.fate}`;
  return `${nameOf(transaction)} (${transaction.caller}${fate}): ${operations.join(', ')}`;
}

/** How many elements of a list are shown at each end. */
const shown = 4;

export function showList(list: readonly string[]): string {
  if (list.length <= 2 * shown) return `[${list.join(' ')}]`;
  return `[${list.slice(0, shown).join(' ')} …${list.length - 2 * shown}… ${list.slice(-shown).join(' ')}]`;
}
