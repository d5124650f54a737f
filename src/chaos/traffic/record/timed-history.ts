import { History, type HistoryEvent } from '../../../verification/history.ts';

/** A history, with the time of each of its events for pictures. Ms since the run began. */
export class TimedHistory<Input, Output> {
  readonly #history = new History<Input, Output>();
  readonly #timesMs: number[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get events(): readonly HistoryEvent<Input, Output>[] {
    return this.#history.events;
  }

  /** Of the event at this position. */
  timeAt(position: number): number {
    return this.#timesMs[position] ?? 0;
  }

  invoke(caller: string, input: Input): number {
    this.#timesMs.push(this.#nowMs());
    return this.#history.invoke(caller, input);
  }

  ok(operation: number, output: Output): void {
    this.#timesMs.push(this.#nowMs());
    this.#history.ok(operation, output);
  }

  fail(operation: number): void {
    this.#timesMs.push(this.#nowMs());
    this.#history.fail(operation);
  }

  indeterminate(operation: number): void {
    this.#timesMs.push(this.#nowMs());
    this.#history.indeterminate(operation);
  }
}
