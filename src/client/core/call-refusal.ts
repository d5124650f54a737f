import { TanistError } from '../../foundation/errors.ts';
import type { CallOptions } from '../../ports/state-client.ts';

/** Why a call with these options does not begin; null: it does. */
export function callRefusal(options: CallOptions | undefined): TanistError | null {
  if (options === undefined) return null;
  const { signal, deadlineMs } = options;
  if (signal?.aborted) return new TanistError('cancelled', 'the call was cancelled before it began');
  if (deadlineMs === undefined || deadlineMs > 0) return null;
  return new TanistError('deadline-exceeded', 'the deadline was over before the call began');
}
