import { setImmediate as turn } from 'node:timers/promises';
import { operationsOf } from '../../../verification/history.ts';
import { checkLinearizability } from '../../../verification/linearizability.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from '../../../verification/register.ts';
import type { Verdict } from '../../traffic.ts';
import type { TimedHistory } from '../record/timed-history.ts';
import { counterexampleOf } from './counterexample.ts';

/** Less proves nothing. */
const enoughOperations = 50;

/** Linearizable, a key at a time, within the time there is. */
export async function checkRegisters(
  history: TimedHistory<RegisterInput, RegisterOutput>,
  { nowMs, giveUpMs }: { readonly nowMs: () => number; readonly giveUpMs: number },
): Promise<readonly Verdict[]> {
  const operations = operationsOf(history.events);
  const parts = registerModel.partition(operations);
  const answered = operations.filter(({ output }) => output !== undefined).length;
  const looked = `${operations.length} operations on ${parts.length} keys, ${operations.length - answered} of unknown outcome`;
  const check = 'linearizable';
  let unknown = 0;
  for (const part of parts) {
    await turn();
    const result = checkLinearizability(registerModel, part, () => nowMs() > giveUpMs);
    if (result.answer === 'no') {
      const key = part[0]?.input.key ?? '';
      return [
        {
          check,
          answer: 'no',
          detail: `${key} has no order that respects real time; ${looked}`,
          violations: [
            {
              check,
              detail: `${key}: ${result.part.length} operations, ${result.placed.length} can be placed`,
            },
          ],
          counterexample: counterexampleOf(key, result.part, history, () => nowMs() > giveUpMs),
        },
      ];
    }
    if (result.answer === 'unknown') unknown++;
  }
  if (answered < enoughOperations)
    return [
      {
        check,
        answer: 'unknown',
        detail: `too little to prove anything: ${looked}`,
        violations: [],
        scant: true,
      },
    ];
  if (unknown > 0)
    return [
      {
        check,
        answer: 'unknown',
        detail: `no time left for ${unknown} of the keys; ${looked}`,
        violations: [],
      },
    ];
  return [{ check, answer: 'yes', detail: looked, violations: [] }];
}
