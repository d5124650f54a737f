import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../foundation/errors.ts';

const defaultPatienceMs = 30_000;
const defaultEveryMs = 20;

/** Asks again until there is an answer; an error counts as none. Fails as `unavailable`, saying `otherwise`. */
export async function eventually<T>(
  attempt: () => Promise<T | null>,
  otherwise: string,
  { patienceMs = defaultPatienceMs, everyMs = defaultEveryMs } = {},
): Promise<T> {
  const untilMs = performance.now() + patienceMs;
  let failure: unknown;
  for (;;) {
    const answer = await attempt().catch((error: unknown) => {
      failure = error;
      return null;
    });
    if (answer !== null) return answer;
    if (performance.now() > untilMs)
      throw new TanistError('unavailable', `${otherwise} within ${patienceMs / 1000} s`, { cause: failure });
    await delay(everyMs);
  }
}
