import { type HistoryEvent, operationsOf } from '../history.ts';
import { smallestCounterexample } from '../linearizability/counterexample.ts';
import { type DrawnCounterexample, drawCounterexample } from '../linearizability/drawing.ts';
import { checkLinearizability } from '../linearizability/linearizability.ts';
import type { Model } from '../linearizability/model.ts';
import type { Violations } from '../violation.ts';

export interface Judged {
  readonly answer: 'yes' | 'no' | 'unknown';
  /** One line: what was looked at, or what is wrong. */
  readonly detail: string;
  readonly violations: Violations;
  /** Of a history that is not linearizable: its smallest part that isn't. Times are positions in the history. */
  readonly counterexample: DrawnCounterexample | null;
}

/** Whether the history is linearizable; if not, why. */
export function judge<State, Input, Output>(
  model: Model<State, Input, Output>,
  events: readonly HistoryEvent<Input, Output>[],
  { shouldStop }: { readonly shouldStop?: () => boolean },
): Judged {
  const operations = operationsOf(events);
  const { answer } = checkLinearizability(model, operations, shouldStop);
  if (answer !== 'no') {
    const detail = answer === 'yes' ? 'linearizable' : 'the search took longer, or more memory, than it may';
    return { answer, detail, violations: [], counterexample: null };
  }
  const smallest = smallestCounterexample(model, operations, shouldStop);
  const drawn =
    smallest === null ? null : drawCounterexample(smallest, model.describe, (position) => position);
  const wrong = smallest?.operations
    .filter((each) => each.wrong)
    .map((each) => model.describe(each.operation));
  const detail = `not linearizable${wrong === undefined ? '' : `: no order explains ${wrong.join('; ')}`}`;
  return { answer, detail, violations: [{ check: 'linearizable', detail }], counterexample: drawn };
}
