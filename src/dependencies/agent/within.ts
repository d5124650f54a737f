import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/** What `act` comes to, waited for no longer than that. Fails as it does, then as `deadline-exceeded`; what was begun goes on, and nobody hears of it. */
export function within<T>(clock: Clock, ms: number, act: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () =>
      reject(new TanistError('deadline-exceeded', `no answer within ${ms} ms`)),
    );
    act.then(resolve, reject).finally(() => timer.cancel());
  });
}
