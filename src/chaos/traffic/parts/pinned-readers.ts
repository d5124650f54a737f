import { asBuffer } from '../../../foundation/bytes.ts';
import type { RangeAnswer } from '../../../ports/state-client.ts';
import type { RegisterInput, RegisterOutput } from '../../../verification/register/register.ts';
import { type Pace, startWorkers } from '../pace.ts';
import type { PartContext } from '../part.ts';
import { outcomeOf } from '../record/outcome.ts';
import type { TimedHistory } from '../record/timed-history.ts';

/** At each member. */
const readsPerSecond = 30;
/** Longer than most freezes: the read is in the member's socket when it wakes, and believes what it knew. */
const deadlineMs = 2000;

/**
 * Linearizable reads by callers that know one member only. The others' clients leave a leader that is cut off or frozen at once, so that nobody would see
 * whether it still answers; these stay. Through the etcd API, which moves to no other member by itself.
 */
export async function startPinnedReaders(
  { target, connections, nowMs }: PartContext,
  history: TimedHistory<RegisterInput, RegisterOutput>,
  drawKey: () => string,
): Promise<Pace> {
  const hot = target.members.filter(({ tier }) => tier === 'hot');
  const readers = await Promise.all(
    hot.map(async ({ id, client }) => ({ caller: `at ${id}`, connection: await connections.at([client]) })),
  );
  const paces = readers.map(({ caller, connection }) =>
    startWorkers(1, readsPerSecond, nowMs, async () => {
      const input = { kind: 'get', key: drawKey() } as const;
      const operation = history.invoke(caller, input);
      // Not counted among the traffic's calls: a member that is gone answers nothing, and that is no failure of the cluster.
      const outcome = await outcomeOf(() => connection.get(input.key, { deadlineMs }));
      // A read without an answer says nothing.
      if (outcome.kind === 'ok') history.ok(operation, gotOf(outcome.answer));
      else history.fail(operation);
    }),
  );
  return {
    stop: async () => {
      await Promise.all(paces.map((pace) => pace.stop()));
    },
  };
}

export function gotOf({ values }: Pick<RangeAnswer, 'values'>): RegisterOutput {
  const [found] = values;
  return found === undefined
    ? { kind: 'got', value: null, revision: 0 }
    : { kind: 'got', value: asBuffer(found.value).toString(), revision: found.modRevision };
}
