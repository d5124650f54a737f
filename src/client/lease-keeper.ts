import { TanistError } from '../foundation/errors.ts';
import { type LeaseId, leaseText } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { CallOptions } from '../ports/state-client.ts';

/** Their times-to-live, 0 where one is gone. */
type Renew = (ids: readonly LeaseId[], options: CallOptions | undefined) => Promise<readonly number[]>;

interface Asked {
  readonly id: LeaseId;
  readonly resolve: (ttlMs: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Renewals asked for in one turn of the event loop travel together, as far as they have the same deadline and no signal; the leader gathers those of all
 * clients (promise 9). They are not numbered in the session: one may well be made twice.
 */
export class LeaseKeeper {
  private readonly renew: Renew;
  /** By deadline. */
  private readonly asked = new Map<number | undefined, Asked[]>();

  constructor(renew: Renew) {
    this.renew = renew;
  }

  /** Resolves to the lease's time-to-live; fails as `lease-not-found` when it is gone. */
  keepAlive(id: LeaseId, options: CallOptions | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      if (options?.signal !== undefined) {
        void this.send([{ id, resolve, reject }], options);
        return;
      }
      if (this.asked.size === 0) setImmediate(() => this.flush());
      const together = this.asked.get(options?.deadlineMs);
      if (together === undefined) this.asked.set(options?.deadlineMs, [{ id, resolve, reject }]);
      else together.push({ id, resolve, reject });
    });
  }

  private flush(): void {
    for (const [deadlineMs, asked] of this.asked) {
      const options = deadlineMs === undefined ? undefined : { deadlineMs };
      for (let i = 0; i < asked.length; i += limits.idsPerCommand) {
        void this.send(asked.slice(i, i + limits.idsPerCommand), options);
      }
    }
    this.asked.clear();
  }

  private async send(asked: readonly Asked[], options: CallOptions | undefined): Promise<void> {
    try {
      const ttls = await this.renew(
        asked.map(({ id }) => id),
        options,
      );
      for (const [i, { id, resolve, reject }] of asked.entries()) {
        const ttlMs = ttls[i] ?? 0;
        if (ttlMs > 0) resolve(ttlMs);
        else
          reject(new TanistError('lease-not-found', `lease ${leaseText(id)} does not exist or has expired`));
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
