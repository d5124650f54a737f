import { setTimeout as delay } from 'node:timers/promises';
import type { LeaseId } from '../../../foundation/ids.ts';
import type { CallContext } from '../../command.ts';
import { leaseText } from '../../terminal/arguments.ts';

/** Renews thrice a time-to-live, so that one lost renewal does no harm. */
export async function keepLease(
  { client, out, call }: CallContext,
  id: LeaseId,
  once: boolean,
): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    const { ttlMs } = await client.keepLeaseAlive(id, call);
    out.document({ id: leaseText(id), ttlMs });
    out.say(`lease ${leaseText(id)} renewed, time-to-live ${ttlMs} ms`);
    if (once) return;
    await delay(ttlMs / 3, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
