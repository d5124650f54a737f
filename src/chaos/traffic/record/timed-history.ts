import { History, type HistoryEvent } from '../../../verification/history.ts';

/** A history, with the times of calls and returns for pictures. Ms since the run began. */
export class TimedHistory<Input, Output> {
  readonly #history = new History<Input, Output>();
  readonly #calledMs: number[] = [];
  readonly #returnedMs: (number | null)[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get events(): readonly HistoryEvent<Input, Output>[] {
    return this.#history.events;
  }

  invoke(caller: string, input: Input): number {
    const operation = this.#history.invoke(caller, input);
    this.#calledMs[operation] = this.#nowMs();
    return operation;
  }

  ok(operation: number, output: Output): void {
    this.#returnedMs[operation] = this.#nowMs();
    this.#history.ok(operation, output);
  }

  fail(operation: number): void {
    this.#returnedMs[operation] = this.#nowMs();
    this.#history.fail(operation);
  }

  indeterminate(operation: number): void {
    this.#history.indeterminate(operation);
  }

  /** `toMs` null: its end is not known. */
  timesOf(operation: number): { readonly fromMs: number; readonly toMs: number | null } {
    return { fromMs: this.#calledMs[operation] ?? 0, toMs: this.#returnedMs[operation] ?? null };
  }
}
