import type { Operation } from '../history.ts';
import type { Model } from './model.ts';
import { PartSearch } from './part-search.ts';
import { hasUnwrittenValue } from './unwritten.ts';

export type Linearizability<Input, Output> =
  | { readonly answer: 'yes' }
  /** `placed`: the longest order found; no operation that was open then can come next. */
  | {
      readonly answer: 'no';
      readonly part: readonly Operation<Input, Output>[];
      readonly placed: readonly Operation<Input, Output>[];
    }
  | { readonly answer: 'unknown' };

/** How many steps are made between two questions to `shouldStop`. */
const stepsPerQuestion = 1024;

/** Steps that each part is searched for in the first round; eightfold in each further one. */
const stepsInFirstRound = 16 * stepsPerQuestion;

/** Of all parts: bounds the memory of the search, about 300 B each. */
const maxConfigurations = 1_000_000;

/**
 * Is there an order of the operations that respects real time and the model? Wing & Gong 1993 with Lowe's memory of configurations
 * (Lowe 2017, "Testing for linearizability", §2), in parts, in rounds: so that a part that is hard does not hide one that is wrong. `shouldStop` bounds the search: `unknown` when it says true, or when
 * there are too many configurations to remember.
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  shouldStop: () => boolean = () => false,
): Linearizability<Input, Output> {
  const needed = operations.filter((each) => each.output !== undefined || !model.readOnly(each.input));
  const parts = model.partition(needed).filter((part) => part.length > 0);
  const unwritten = parts.find((part) => hasUnwrittenValue(model, part));
  if (unwritten !== undefined)
    return { answer: 'no', part: unwritten, placed: longestOrder(model, unwritten) };
  let open = parts.map((part) => ({ part, search: new PartSearch(model, part) }));
  for (let quota = stepsInFirstRound; open.length > 0; quota *= 8) {
    for (const { part, search } of open) {
      for (let steps = 1; search.answer === null && steps <= quota; steps++) {
        search.step();
        if (steps % stepsPerQuestion !== 0) continue;
        const remembered = open.reduce((sum, each) => sum + each.search.remembered, 0);
        if (shouldStop() || remembered > maxConfigurations) return { answer: 'unknown' };
      }
      if (search.answer === 'no') return { answer: 'no', part, placed: longestOrder(model, part) };
    }
    open = open.filter(({ search }) => search.answer === null);
  }
  return { answer: 'yes' };
}

/** How far it is looked for the longest order once there is none of all. */
const stepsForPicture = 50_000;

/** Tried without foresight, which would end an order as soon as it is lost. */
function longestOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: readonly Operation<Input, Output>[],
): readonly Operation<Input, Output>[] {
  const search = new PartSearch(model, part, false);
  for (let steps = 0; search.answer === null && steps < stepsForPicture; steps++) search.step();
  return search.longest;
}
