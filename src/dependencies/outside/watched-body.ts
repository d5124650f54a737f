import type { IncomingMessage } from 'node:http';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * The body of an answer. Fails as `unavailable` when nothing comes for `stallMs` and `mayGoOn` (asked each time) says no. An answer that breaks
 * off fails as `upstream-failed`.
 */
export async function* watchedBody(
  response: IncomingMessage,
  name: string,
  clock: Clock,
  stallMs: number,
  mayGoOn: () => Promise<boolean> = async () => false,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const next = chunks.next();
      next.catch(() => undefined);
      let step = await orStalled(next, clock, stallMs);
      while (step === 'stalled') {
        if (!(await mayGoOn())) throw new TanistError('unavailable', `${name} fell silent for ${stallMs} ms`);
        step = await orStalled(next, clock, stallMs);
      }
      if (step.done === true) break;
      yield step.value;
    }
    if (!response.complete) throw new TanistError('upstream-failed', `${name} broke off`);
  } catch (error) {
    if (error instanceof TanistError) throw error;
    throw new TanistError('upstream-failed', `${name} broke off (${asError(error).message})`, {
      cause: error,
    });
  } finally {
    response.destroy();
  }
}

function orStalled<T>(next: Promise<T>, clock: Clock, stallMs: number): Promise<T | 'stalled'> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(stallMs, () => resolve('stalled'));
    next.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(asError(error));
      },
    );
  });
}
