import { asError, TanistError } from '../../../foundation/errors.ts';
import type { LeaseId } from '../../../foundation/ids.ts';
import { type Clock, rest } from '../../../ports/clock.ts';
import type { StateClient } from '../../../ports/state-client.ts';
import { systemClock } from '../../../ports/system-clock.ts';
import type { CallContext } from '../../command.ts';
import { leaseText } from '../../terminal/arguments.ts';

export interface KeepContext extends Pick<CallContext, 'out' | 'call'> {
  readonly client: Pick<StateClient, 'keepLeaseAlive'>;
}

/**
 * Renews thrice a time-to-live. A renewal that fails is tried again for as long as the lease is sure to last; then, or where the lease is gone, it
 * fails as the renewal did.
 */
export async function keepLease(
  { client, out, call }: KeepContext,
  id: LeaseId,
  once: boolean,
  stop: AbortSignal = stopped(),
  clock: Clock = systemClock,
): Promise<void> {
  let lastsUntilMs = Number.NEGATIVE_INFINITY;
  let restMs = 0;
  while (!stop.aborted) {
    const askedMs = clock.nowMs();
    try {
      const { ttlMs } = await client.keepLeaseAlive(id, call);
      out.document({ id: leaseText(id), ttlMs });
      out.say(`lease ${leaseText(id)} renewed, time-to-live ${ttlMs} ms`);
      if (once) return;
      lastsUntilMs = askedMs + ttlMs;
      restMs = ttlMs / 3;
    } catch (error) {
      if (!(error instanceof TanistError) || error.code === 'lease-not-found') throw error;
      if (clock.nowMs() >= lastsUntilMs) throw error;
      out.warn(`lease ${leaseText(id)} not renewed: ${asError(error).message}; trying again`);
      restMs = Math.min(restMs, (lastsUntilMs - clock.nowMs()) / 3);
    }
    await rest(clock, Math.max(restMs, 100), stop);
  }
}

function stopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
