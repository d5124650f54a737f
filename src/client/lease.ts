import { TanistError } from '../foundation/errors.ts';
import type { LeaseId } from '../foundation/ids.ts';
import type { StateClient } from '../ports/state-client.ts';

/** A lease that is kept alive until it is revoked, lost, or the client closes. */
export interface Lease extends AsyncDisposable {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /** Aborts when the lease is gone without having been revoked here; its reason is the error. */
  readonly lost: AbortSignal;
  /** Ends the lease and deletes its keys. */
  revoke(): Promise<void>;
}

/** Renews at a third of the time-to-live. Fails like `grantLease`. */
export async function keptLease(client: StateClient, ttlMs: number, closing: AbortSignal): Promise<Lease> {
  const granted = await client.grantLease(ttlMs, { signal: closing });
  const lost = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let ended = false;
  let renewedMs = performance.now();
  const end = (): void => {
    ended = true;
    if (timer !== null) clearTimeout(timer);
    closing.removeEventListener('abort', end);
  };
  const renewLater = (delayMs: number): void => {
    if (!ended) timer = setTimeout(() => void renew(), delayMs);
  };
  const renew = async (): Promise<void> => {
    const askedMs = performance.now();
    try {
      await client.keepLeaseAlive(granted.id);
      renewedMs = askedMs;
      renewLater(granted.ttlMs / 3);
    } catch (error) {
      const isGone = error instanceof TanistError && error.code === 'lease-not-found';
      const isLate = performance.now() - renewedMs > 2 * granted.ttlMs;
      if (ended) return;
      if (!isGone && !isLate) {
        renewLater(granted.ttlMs / 10);
        return;
      }
      end();
      lost.abort(error);
    }
  };
  closing.addEventListener('abort', end, { once: true });
  renewLater(granted.ttlMs / 3);
  const revoke = async (): Promise<void> => {
    end();
    await client.revokeLease(granted.id);
  };
  return { id: granted.id, ttlMs: granted.ttlMs, lost: lost.signal, revoke, [Symbol.asyncDispose]: revoke };
}
