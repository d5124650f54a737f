import { setImmediate as turn } from 'node:timers/promises';
import { type Operation, operationsOf } from '../../../verification/history.ts';
import { smallestCounterexample } from '../../../verification/linearizability/counterexample.ts';
import { drawCounterexample } from '../../../verification/linearizability/drawing.ts';
import { checkLinearizability } from '../../../verification/linearizability/linearizability.ts';
import {
  type RegisterInput,
  type RegisterOutput,
  registerModel,
} from '../../../verification/register/register.ts';
import { timeBudget } from '../../../verification/time-budget.ts';
import type { Verdict } from '../../traffic.ts';
import type { TimedHistory } from '../record/timed-history.ts';
import { describeRegister } from './describe-register.ts';
import { verdict } from './verdict.ts';

/** Less proves nothing. */
const enoughOperations = 50;
/** For each key in the first round, so that one that is hard does not hide one that is wrong. */
const firstMs = 200;
/** For the smallest counterexample. */
const pictureMs = 5000;

type Part = readonly Operation<RegisterInput, RegisterOutput>[];

/** Linearizable, a key at a time, within the time there is. */
export async function checkRegisters(
  history: TimedHistory<RegisterInput, RegisterOutput>,
  { nowMs, giveUpMs }: { readonly nowMs: () => number; readonly giveUpMs: number },
): Promise<readonly Verdict[]> {
  const operations = operationsOf(history.events);
  const parts = registerModel.partition(operations);
  const answered = operations.filter(({ output }) => output !== undefined).length;
  const looked = `${operations.length} operations on ${parts.length} keys, ${operations.length - answered} of unknown outcome`;
  let open: readonly Part[] = parts;
  for (const budgetMs of [firstMs, Number.POSITIVE_INFINITY]) {
    const undecided: Part[] = [];
    for (const part of open) {
      await turn();
      const isLate = timeBudget(budgetMs, nowMs);
      const result = checkLinearizability(registerModel, part, () => isLate() || nowMs() > giveUpMs);
      if (result.answer === 'no') return [wrong(part, looked, history, nowMs)];
      if (result.answer === 'unknown') undecided.push(part);
    }
    open = undecided;
  }
  const lacks = open.length > 0 ? `no time left for ${open.length} of the keys` : null;
  return [verdict('linearizable', looked, [], { lacks, enough: answered >= enoughOperations })];
}

function wrong(
  part: Part,
  looked: string,
  history: TimedHistory<RegisterInput, RegisterOutput>,
  nowMs: () => number,
): Verdict {
  const key = part[0]?.input.key ?? '';
  const smallest = smallestCounterexample(registerModel, part, timeBudget(pictureMs, nowMs));
  const drawn =
    smallest === null
      ? null
      : drawCounterexample(smallest, describeRegister, (position) => history.timeAt(position));
  const detail = `${key}: ${drawn?.title ?? `no order of its ${part.length} operations respects real time`}`;
  return {
    ...verdict('linearizable', looked, [{ check: 'linearizable', detail }]),
    ...(drawn === null ? {} : { counterexample: drawn }),
  };
}
