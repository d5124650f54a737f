import type { Operation } from '../history.ts';
import type { Counterexample } from './counterexample.ts';

/** A counterexample to be drawn: a bar an operation. */
export interface DrawnCounterexample {
  readonly title: string;
  readonly operations: readonly {
    readonly caller: string;
    readonly fromMs: number;
    /** Null: never ended. */
    readonly toMs: number | null;
    readonly text: string;
    /** Part of the contradiction; the others explain where values come from. */
    readonly wrong: boolean;
  }[];
}

/** `timeOf`: the ms at which the event at a position of the history happened. */
export function drawCounterexample<Input, Output>(
  { operations, placed }: Counterexample<Input, Output>,
  describe: (operation: Operation<Input, Output>) => string,
  timeOf: (position: number) => number,
): DrawnCounterexample {
  const wrong = operations.filter((each) => each.wrong).length;
  const order = placed.map(describe).join(', then ') || 'none';
  return {
    title: `no order explains these ${wrong} answers together; the longest that begins well: ${order}`,
    operations: operations.map(({ operation, wrong }) => ({
      caller: operation.caller,
      fromMs: timeOf(operation.called),
      toMs: operation.returned === Number.POSITIVE_INFINITY ? null : timeOf(operation.returned),
      text: describe(operation),
      wrong,
    })),
  };
}
