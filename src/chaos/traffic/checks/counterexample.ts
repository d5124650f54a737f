import type { Operation } from '../../../verification/history.ts';
import { checkLinearizability } from '../../../verification/linearizability.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from '../../../verification/register.ts';
import type { Counterexample } from '../../traffic.ts';
import type { TimedHistory } from '../record/timed-history.ts';

/** For the picture: the operations up to the one that no order has a place for. */
export function counterexampleOf(
  key: string,
  part: readonly Operation<RegisterInput, RegisterOutput>[],
  history: TimedHistory<RegisterInput, RegisterOutput>,
  shouldStop: () => boolean,
): Counterexample {
  const contradiction = smallest(part, shouldStop);
  const result = checkLinearizability(registerModel, contradiction, shouldStop);
  const placed = new Set(result.answer === 'no' ? result.placed.map(({ id }) => id) : []);
  return {
    title: `${key}: no order of these operations respects real time`,
    operations: contradiction.map((operation) => ({
      caller: operation.caller,
      ...history.timesOf(operation.id),
      text: textOf(operation),
      wrong: !placed.has(operation.id),
    })),
  };
}

function smallest(
  part: readonly Operation<RegisterInput, RegisterOutput>[],
  shouldStop: () => boolean,
): readonly Operation<RegisterInput, RegisterOutput>[] {
  const byReturn = [...part].sort((a, b) => a.returned - b.returned);
  for (let count = 1; count <= byReturn.length && !shouldStop(); count++) {
    const untilPosition = byReturn[count - 1]?.returned ?? Number.POSITIVE_INFINITY;
    const begun = part
      .filter(({ called }) => called <= untilPosition)
      .map((each) =>
        each.returned <= untilPosition
          ? each
          : { ...each, output: undefined, returned: Number.POSITIVE_INFINITY },
      );
    if (checkLinearizability(registerModel, begun, shouldStop).answer === 'no') return begun;
  }
  return part;
}

function textOf({ input, output }: Operation<RegisterInput, RegisterOutput>): string {
  const { kind } = input;
  const asked =
    kind === 'put'
      ? `put ${input.value}`
      : kind === 'cas' || kind === 'casRevision'
        ? `${kind} ${input.expected} → ${input.value}`
        : kind;
  if (output === undefined) return `${asked}: ?`;
  switch (output.kind) {
    case 'got':
      return `${asked}: ${output.value ?? 'absent'} @${output.revision}`;
    case 'put':
      return `${asked} @${output.revision}`;
    case 'deleted':
      return `${asked}: ${output.found ? 'done' : 'absent'}`;
    case 'swapped':
      return `${asked}: ${output.succeeded ? `done @${output.revision}` : 'refused'}`;
  }
}
