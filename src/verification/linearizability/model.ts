import type { Operation } from '../history.ts';

/** Of states that are, in the main, one value. Undefined: can't be said. */
export interface ValueHints<State, Input, Output> {
  of(state: State): string | null | undefined;
  /** The value that must be there right before the operation for it to answer so. */
  needs(operation: Operation<Input, Output>): string | null | undefined;
  /** All values that may be there right after it and were not before. */
  makes(operation: Operation<Input, Output>): readonly (string | null)[] | undefined;
}

/** A sequential specification (as in porcupine). States are immutable. */
export interface Model<State, Input, Output> {
  init(): State;
  /**
   * The state after the operation, or undefined if it could not have answered `output` in `state`. An undefined output is an unknown
   * one: every answer is possible, so it never returns undefined for it.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  equal(a: State, b: State): boolean;
  /** Parts that can be checked each on its own (Herlihy & Wing 1990: linearizability is local). */
  partition(
    operations: readonly Operation<Input, Output>[],
  ): readonly (readonly Operation<Input, Output>[])[];
  /** Unknown outcomes of such operations need no place in the order. */
  readOnly(input: Input): boolean;
  /**
   * The state after the operation does not depend on the state before, nor does its answer: as of a put. Two such in a row, the first of
   * unknown outcome, are the second alone, which saves the search most of its work.
   */
  blind?(operation: Operation<Input, Output>): boolean;
  /** Lets the search see that a value which is still needed is about to be lost for good. */
  readonly values?: ValueHints<State, Input, Output>;
  /**
   * Whether the answer of `operation` (if not known: an effect of it) may be owed to `write`. Others can be left out of the history without
   * making that answer impossible. By default always.
   */
  explains?(write: Operation<Input, Output>, operation: Operation<Input, Output>): boolean;
  describe(operation: Operation<Input, Output>): string;
}
