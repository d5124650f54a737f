import { TanistError } from '../foundation/errors.ts';
import type { LeaseId } from '../foundation/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { CallOptions, StateClient } from '../ports/state-client.ts';
import { systemClock } from '../ports/system-clock.ts';

/**
 * A lease that is kept alive until it is revoked, lost, or the client closes. The end of its scope (`await using`) revokes it, unless it is revoked, lost
 * or gone already, or the client is closed.
 */
export interface Lease extends AsyncDisposable {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /**
   * Aborts when the lease is gone without having been revoked here, or may be: a time-to-live after the last renewal that succeeded was sent, whatever
   * is under way then; its reason is the error. The cluster counts from when it applied that renewal, so it does not end the lease before, as long as
   * this machine's clock keeps the pace of the leader's (cluster time, promise 9: a change of leader may take it some ms ahead). A process or machine that stood
   * still hears of it when it goes on: what must not happen then is written under the condition that the lease's key is still there.
   */
  readonly lost: AbortSignal;
  /** Ends the lease and deletes its keys; once, however often it is called. Where that failed the next call tries again. Fails as `lease-not-found` when it was gone. */
  revoke(): Promise<void>;
}

/** A timer takes no more than 2³¹ - 1 ms. */
const longestWaitMs = 24 * 3600 * 1000;
const over: ReadonlySet<string> = new Set(['lease-not-found', 'closed']);

/** Renews at a third of the time-to-live. The options are the grant's; fails like `grantLease`. One whose grant took its whole time-to-live is lost at once. */
export async function keptLease(
  client: StateClient,
  ttlMs: number,
  options: CallOptions | undefined,
  closing: AbortSignal,
  clock: Clock = systemClock,
): Promise<Lease> {
  let sentMs = clock.nowMs();
  const signal = options?.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
  const granted = await client.grantLease(ttlMs, { ...options, signal });
  const lost = new AbortController();
  let renewal: Timer | null = null;
  let loss: Timer | null = null;
  let ended = false;
  let failure: unknown = null;
  const end = (): void => {
    ended = true;
    renewal?.cancel();
    loss?.cancel();
    closing.removeEventListener('abort', end);
  };
  const lose = (error: unknown): void => {
    end();
    lost.abort(error);
  };
  const leftMs = (): number => sentMs + granted.ttlMs - clock.nowMs();
  const watchOver = (): void => {
    if (leftMs() > 0) {
      loss = clock.after(Math.min(leftMs(), longestWaitMs), watchOver);
      return;
    }
    const message = `no renewal succeeded within the time-to-live of ${granted.ttlMs} ms: the lease may have ended`;
    lose(new TanistError('deadline-exceeded', message, { cause: failure ?? undefined }));
  };
  const renewIn = (delayMs: number): void => {
    renewal = clock.after(Math.min(delayMs, longestWaitMs), () => void renew());
  };
  const renew = async (): Promise<void> => {
    const askedMs = clock.nowMs();
    const deadlineMs = Math.min(Math.ceil(leftMs()), longestWaitMs);
    if (deadlineMs <= 0) {
      watchOver();
      return;
    }
    try {
      await client.keepLeaseAlive(granted.id, { deadlineMs });
      if (ended) return;
      sentMs = askedMs;
      loss?.cancel();
      watchOver();
      renewIn(granted.ttlMs / 3);
    } catch (error) {
      if (ended) return;
      failure = error;
      if (error instanceof TanistError && error.code === 'lease-not-found') lose(error);
      else renewIn(granted.ttlMs / 10);
    }
  };
  closing.addEventListener('abort', end, { once: true });
  if (closing.aborted) end();
  else watchOver();
  if (!ended) renewIn(granted.ttlMs / 3 - (clock.nowMs() - sentMs));
  let revoked: Promise<void> | null = null;
  const revoke = (): Promise<void> => {
    end();
    revoked ??= client.revokeLease(granted.id).catch((error: unknown) => {
      revoked = null;
      throw error;
    });
    return revoked;
  };
  const dispose = async (): Promise<void> => {
    if (lost.signal.aborted) return;
    await revoke().catch((error: unknown) => {
      const isOver = error instanceof TanistError && over.has(error.code);
      if (!isOver) throw error;
    });
  };
  return { id: granted.id, ttlMs: granted.ttlMs, lost: lost.signal, revoke, [Symbol.asyncDispose]: dispose };
}
