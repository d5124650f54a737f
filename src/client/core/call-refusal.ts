import { TanistError } from '../../foundation/errors.ts';
import type { CallOptions } from '../../ports/state-client.ts';

/** What a timer takes: 24.8 days. */
const longestMs = 2 ** 31 - 1;

/** Why a call with these options does not begin; null: it does. */
export function callRefusal(options: CallOptions | undefined): TanistError | null {
  if (options === undefined) return null;
  const { signal, deadlineMs } = options;
  if (signal?.aborted) return new TanistError('cancelled', 'the call was cancelled before it began');
  if (deadlineMs === undefined || (deadlineMs > 0 && deadlineMs <= longestMs)) return null;
  return deadlineMs <= 0
    ? new TanistError('deadline-exceeded', 'the deadline was over before the call began')
    : outside('deadlineMs', deadlineMs, 0, longestMs);
}

/** Fails as `invalid-argument` where it is not a time that can be waited. */
export function checkWait(name: string, ms: number, leastMs: number): void {
  if (!(ms >= leastMs && ms <= longestMs)) throw outside(name, ms, leastMs, longestMs);
}

export function outside(name: string, given: number, least: number, most: number): TanistError {
  return new TanistError('invalid-argument', `${name} is ${given}; it must be ${least} to ${most}`);
}
