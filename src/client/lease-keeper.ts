import { TanistError } from '../foundation/errors.ts';
import type { LeaseId } from '../foundation/ids.ts';
import type { Command } from '../ports/command.ts';
import type { CallOptions } from '../ports/state-client.ts';

type Renew = (command: Command, options: CallOptions | undefined) => Promise<readonly number[]>;

interface Asked {
  readonly id: LeaseId;
  readonly resolve: (ttlMs: number) => void;
  readonly reject: (error: unknown) => void;
}

const idsPerCommand = 1024;

/** Renewals asked for in one turn of the event loop travel as one command (promise 9), but for those with options of their own. */
export class LeaseKeeper {
  private readonly renew: Renew;
  private asked: Asked[] = [];

  constructor(renew: Renew) {
    this.renew = renew;
  }

  /** Resolves to the lease's time-to-live; fails as `lease-not-found` when it is gone. */
  keepAlive(id: LeaseId, options: CallOptions | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      if (options?.signal !== undefined || options?.deadlineMs !== undefined) {
        void this.send([{ id, resolve, reject }], options);
        return;
      }
      if (this.asked.length === 0) setImmediate(() => this.flush());
      this.asked.push({ id, resolve, reject });
    });
  }

  private flush(): void {
    const { asked } = this;
    this.asked = [];
    for (let i = 0; i < asked.length; i += idsPerCommand) {
      void this.send(asked.slice(i, i + idsPerCommand), undefined);
    }
  }

  private async send(asked: readonly Asked[], options: CallOptions | undefined): Promise<void> {
    try {
      const ttls = await this.renew({ kind: 'leaseKeepAlive', ids: asked.map(({ id }) => id) }, options);
      for (const [i, { id, resolve, reject }] of asked.entries()) {
        const ttlMs = ttls[i] ?? 0;
        if (ttlMs > 0) resolve(ttlMs);
        else reject(new TanistError('lease-not-found', `lease ${id} does not exist or has expired`));
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
