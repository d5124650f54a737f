import type { Operation } from './history.ts';

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
  describe(operation: Operation<Input, Output>): string;
}
