import type { Operation } from '../history.ts';
import type { ValueHints } from './model.ts';

/** How many operations that are not placed yet need a value, and how many could make it. */
interface Count {
  needs: number;
  makes: number;
}

/** Sees that an order leads nowhere: a value that is still needed has been overwritten, and nobody is left who could make it again. */
export class Lookahead<State, Input, Output> {
  readonly #hints: ValueHints<State, Input, Output> | null;
  readonly #counts = new Map<string | null, Count>();
  readonly #needs = new Map<Operation<Input, Output>, Count>();
  readonly #makes = new Map<Operation<Input, Output>, readonly Count[]>();

  constructor(
    hints: ValueHints<State, Input, Output> | undefined,
    part: readonly Operation<Input, Output>[],
  ) {
    this.#hints = hints ?? null;
    for (const operation of part) {
      const made = this.#hints?.makes(operation);
      if (made === undefined) {
        this.#hints = null;
        return;
      }
      const counts = made.map((value) => this.#countOf(value));
      for (const count of counts) count.makes++;
      if (counts.length > 0) this.#makes.set(operation, counts);
      const needed = this.#hints?.needs(operation);
      if (needed === undefined) continue;
      const count = this.#countOf(needed);
      count.needs++;
      this.#needs.set(operation, count);
    }
  }

  place(operation: Operation<Input, Output>): void {
    this.#add(operation, -1);
  }

  takeBack(operation: Operation<Input, Output>): void {
    this.#add(operation, 1);
  }

  /** After `place`: whether the step from `before` to `after` has lost what is needed. */
  loses(before: State, after: State): boolean {
    const was = this.#hints?.of(before);
    if (was === undefined) return false;
    const is = this.#hints?.of(after);
    if (is === undefined || is === was) return false;
    const count = this.#counts.get(was);
    return count !== undefined && count.needs > 0 && count.makes === 0;
  }

  #add(operation: Operation<Input, Output>, by: number): void {
    if (this.#hints === null) return;
    const needed = this.#needs.get(operation);
    if (needed !== undefined) needed.needs += by;
    for (const count of this.#makes.get(operation) ?? []) count.makes += by;
  }

  #countOf(value: string | null): Count {
    const found = this.#counts.get(value);
    if (found !== undefined) return found;
    const count = { needs: 0, makes: 0 };
    this.#counts.set(value, count);
    return count;
  }
}
