import type { IncomingMessage } from 'node:http';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

export interface LeastRate {
  readonly bytesPerSecond: number;
  /** Over so much time of waiting: what the reader takes does not count. */
  readonly overMs: number;
}

/**
 * The body of an answer. Fails as `unavailable` when nothing comes for `stallMs` and `mayGoOn` (asked each time) says no, and when less comes than `least`
 * wants. An answer that breaks off fails as `upstream-failed`.
 */
export async function* watchedBody(
  response: IncomingMessage,
  name: string,
  clock: Clock,
  stallMs: number,
  mayGoOn: () => Promise<boolean> = async () => false,
  least: LeastRate | null = null,
): AsyncGenerator<Buffer, void, undefined> {
  let waitedMs = 0;
  let bytes = 0;
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const sinceMs = clock.nowMs();
      const next = chunks.next();
      next.catch(() => undefined);
      let step = await orStalled(next, clock, stallMs);
      while (step === 'stalled') {
        if (!(await mayGoOn())) throw new TanistError('unavailable', `${name} fell silent for ${stallMs} ms`);
        step = await orStalled(next, clock, stallMs);
      }
      if (step.done === true) break;
      waitedMs += clock.nowMs() - sinceMs;
      bytes += step.value.length;
      if (least !== null && waitedMs >= least.overMs) {
        if (bytes < (least.bytesPerSecond * waitedMs) / 1000)
          throw new TanistError(
            'unavailable',
            `${name} gives only ${bytes} bytes in ${Math.round(waitedMs)} ms`,
          );
        waitedMs = 0;
        bytes = 0;
      }
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
