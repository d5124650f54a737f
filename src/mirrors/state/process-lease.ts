import { asError, TanistError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';

/** The lease that a process's claims and its presence are on: when the process is gone, so are they, within the time-to-live. */
export class ProcessLease {
  readonly #client: StateClient;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #current: Promise<LeaseId> | null = null;
  #timer: Timer | null = null;
  #closed = false;
  /** The present one is there; listeners have heard of it. */
  #granted = false;
  readonly #onNew = new Set<(id: LeaseId) => void>();

  constructor(client: StateClient, clock: Clock, ttlMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** The lease; a new one where there is none, or the last one was lost. */
  id(): Promise<LeaseId> {
    if (this.#closed) return Promise.reject(new TanistError('closed', 'these mirrors are closed'));
    this.#current ??= this.#grant();
    return this.#current;
  }

  /** Whether it is there: asking for it asks nobody. */
  get isGranted(): boolean {
    return this.#granted;
  }

  /** Hears of every lease, that which there is too: what is to be on it has to be put again. */
  onNew(listener: (id: LeaseId) => void): void {
    this.#onNew.add(listener);
    const current = this.#current;
    if (this.#granted) current?.then(listener, () => undefined);
  }

  /** Somebody was told that the lease is gone. */
  lost(): void {
    this.#timer?.cancel();
    this.#current = null;
    this.#granted = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const current = this.#current;
    this.#current = null;
    if (current === null) return;
    try {
      await this.#client.revokeLease(await current, { deadlineMs: 1000 });
    } catch {
      // It ends by itself.
    }
  }

  async #grant(): Promise<LeaseId> {
    try {
      const { id, ttlMs } = await this.#client.grantLease(this.#ttlMs);
      this.#renewAfter(ttlMs / 3, id, ttlMs);
      this.#granted = true;
      for (const listener of this.#onNew) listener(id);
      return id;
    } catch (error) {
      this.#current = null;
      throw asError(error);
    }
  }

  #renewAfter(delayMs: number, id: LeaseId, ttlMs: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => {
      this.#client.keepLeaseAlive(id, { deadlineMs: ttlMs }).then(
        () => this.#renewAfter(ttlMs / 3, id, ttlMs),
        (error: unknown) => {
          if (this.#closed) return;
          if (error instanceof TanistError && error.code === 'lease-not-found') {
            this.lost();
            // Presence is on it: have another one soon.
            if (this.#onNew.size > 0) this.id().catch(() => this.#again());
          } else this.#renewAfter(ttlMs / 10, id, ttlMs);
        },
      );
    });
  }

  #again(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.after(this.#ttlMs / 3, () => {
      this.id().catch(() => this.#again());
    });
  }
}
