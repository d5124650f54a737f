import type { Operation } from './history.ts';

/** A call or a return, in a doubly linked list ordered by time; taking an operation out and putting it back is constant time. */
export interface ListEntry<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** Position of the operation in its part, for the set of those placed. */
  readonly slot: number;
  /** A call's own return; null for a return, and for a call whose end is not known. */
  readonly match: ListEntry<Input, Output> | null;
  readonly isCall: boolean;
  previous: ListEntry<Input, Output> | null;
  next: ListEntry<Input, Output> | null;
}

export interface OperationList<Input, Output> {
  readonly head: ListEntry<Input, Output>;
  /** Returns in the list: when none is left, what remains may or may not have happened. */
  readonly returns: number;
}

export function operationList<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): OperationList<Input, Output> {
  const entries: { at: number; entry: ListEntry<Input, Output> }[] = [];
  let returns = 0;
  operations.forEach((operation, slot) => {
    let match: ListEntry<Input, Output> | null = null;
    if (operation.returned !== Number.POSITIVE_INFINITY) {
      match = { operation, slot, match: null, isCall: false, previous: null, next: null };
      entries.push({ at: operation.returned, entry: match });
      returns++;
    }
    entries.push({
      at: operation.called,
      entry: { operation, slot, match, isCall: true, previous: null, next: null },
    });
  });
  entries.sort((a, b) => a.at - b.at);
  const first = operations[0];
  if (first === undefined) throw new RangeError('a part of a history is never empty');
  const head: ListEntry<Input, Output> = {
    operation: first,
    slot: -1,
    match: null,
    isCall: true,
    previous: null,
    next: null,
  };
  let last = head;
  for (const { entry } of entries) {
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return { head, returns };
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
