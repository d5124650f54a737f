import { assert, present } from '../foundation/assert.ts';

/**
 * What a caller saw, in the order in which it happened. `fail`: certainly without effect. `indeterminate`: it may have taken effect, or
 * may at any later time. An operation without an end is indeterminate.
 */
export type HistoryEvent<Input, Output> =
  | { readonly kind: 'invoke'; readonly operation: number; readonly caller: string; readonly input: Input }
  | { readonly kind: 'ok'; readonly operation: number; readonly output: Output }
  | { readonly kind: 'fail'; readonly operation: number }
  | { readonly kind: 'indeterminate'; readonly operation: number };

/** An operation with its place in real time: positions in the history, `returned` infinite when it has no known end. */
export interface Operation<Input, Output> {
  readonly id: number;
  readonly caller: string;
  readonly input: Input;
  /** Undefined: the outcome is not known. */
  readonly output: Output | undefined;
  readonly called: number;
  readonly returned: number;
}

/** Records a history while it happens. Order of the calls is real time. */
export class History<Input, Output> {
  readonly #events: HistoryEvent<Input, Output>[] = [];
  #next = 0;

  get events(): readonly HistoryEvent<Input, Output>[] {
    return this.#events;
  }

  /** The number of the operation, for its end. */
  invoke(caller: string, input: Input): number {
    const operation = this.#next++;
    this.#events.push({ kind: 'invoke', operation, caller, input });
    return operation;
  }

  ok(operation: number, output: Output): void {
    this.#events.push({ kind: 'ok', operation, output });
  }

  fail(operation: number): void {
    this.#events.push({ kind: 'fail', operation });
  }

  indeterminate(operation: number): void {
    this.#events.push({ kind: 'indeterminate', operation });
  }
}

/** Pairs calls with their ends; failed operations are left out, since they did nothing. In order of the calls. */
export function operationsOf<Input, Output>(
  events: readonly HistoryEvent<Input, Output>[],
): readonly Operation<Input, Output>[] {
  const open = new Map<number, Operation<Input, Output> | null>();
  events.forEach((event, position) => {
    if (event.kind === 'invoke') {
      assert(!open.has(event.operation), `operation ${event.operation} is invoked twice`);
      open.set(event.operation, {
        id: event.operation,
        caller: event.caller,
        input: event.input,
        output: undefined,
        called: position,
        returned: Number.POSITIVE_INFINITY,
      });
      return;
    }
    const operation = present(
      open.get(event.operation),
      `operation ${event.operation} ends without a beginning`,
    );
    assert(operation.returned === Number.POSITIVE_INFINITY, `operation ${event.operation} ends twice`);
    if (event.kind === 'ok') {
      open.set(event.operation, { ...operation, output: event.output, returned: position });
    } else if (event.kind === 'fail') {
      open.set(event.operation, null);
    }
  });
  const operations: Operation<Input, Output>[] = [];
  for (const operation of open.values()) if (operation !== null) operations.push(operation);
  return operations;
}
