import type { Operation } from '../history.ts';

/** A call or a return, in a doubly linked list ordered by time; taking an operation out and putting it back is constant time. */
export interface ListEntry<Input, Output> {
  readonly operation: Operation<Input, Output>;
  readonly at: number;
  /** Position among the operations, for the set of those placed. */
  readonly slot: number;
  /** A call's own return; null for a return. */
  readonly match: ListEntry<Input, Output> | null;
  readonly isCall: boolean;
  previous: ListEntry<Input, Output> | null;
  next: ListEntry<Input, Output> | null;
}

/** Of operations that have returned, in order of their calls; says what stands before the first entry. */
export function operationList<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): ListEntry<Input, Output> {
  const entries: ListEntry<Input, Output>[] = [];
  operations.forEach((operation, slot) => {
    const end = { operation, at: operation.returned, slot, match: null, isCall: false };
    const match: ListEntry<Input, Output> = { ...end, previous: null, next: null };
    entries.push(match, { ...match, at: operation.called, match, isCall: true });
  });
  entries.sort((a, b) => a.at - b.at);
  const [first] = entries;
  if (first === undefined) throw new RangeError('nothing has returned');
  const head: ListEntry<Input, Output> = { ...first, slot: -1, match: null };
  let last = head;
  for (const entry of entries) {
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return head;
}

/** Takes a call and its return out. */
export function lift<Input, Output>(call: ListEntry<Input, Output>): void {
  unlink(call);
  if (call.match !== null) unlink(call.match);
}

/** Puts back what `lift` took out; in the opposite order of the lifts. */
export function unlift<Input, Output>(call: ListEntry<Input, Output>): void {
  if (call.match !== null) relink(call.match);
  relink(call);
}

function unlink<Input, Output>(entry: ListEntry<Input, Output>): void {
  if (entry.previous !== null) entry.previous.next = entry.next;
  if (entry.next !== null) entry.next.previous = entry.previous;
}

function relink<Input, Output>(entry: ListEntry<Input, Output>): void {
  if (entry.previous !== null) entry.previous.next = entry;
  if (entry.next !== null) entry.next.previous = entry;
}
