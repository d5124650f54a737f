import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient, WatchBatch } from '../../ports/state-client.ts';
import type { Planes } from './open-planes.ts';

const againMs = 1000;

/**
 * Planes of a cluster that may not be there yet: connected to in the background, again and again. Calls wait for the attempt under way, and fail as it
 * does; between two attempts at once.
 */
export class LatePlanes implements Planes {
  readonly state: StateClient;
  readonly #open: () => Promise<Planes>;
  readonly #clock: Clock;
  #attempt: Promise<Planes>;
  #again: Timer | null = null;
  #closed = false;

  constructor(open: () => Promise<Planes>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    this.#attempt = this.#try();
    this.state = lateState(() => this.#attempt);
  }

  /** Leaves an attempt that is under way to its end. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    const here = this.#attempt.then((planes) => planes.close());
    here.catch(() => undefined);
    let timer: Timer | null = null;
    const late = new Promise<void>((resolve) => {
      timer = this.#clock.after(againMs, resolve);
    });
    await Promise.race([here.catch(() => undefined), late]);
    (timer as Timer | null)?.cancel();
  }

  #try(): Promise<Planes> {
    const attempt = this.#open();
    attempt.catch((error: unknown) => {
      if (this.#closed || (error instanceof TanistError && !error.retryable)) return;
      this.#again = this.#clock.after(againMs, () => {
        this.#attempt = this.#try();
      });
    });
    return attempt;
  }
}

function lateState(planes: () => Promise<Planes>): StateClient {
  const now = async (): Promise<StateClient> => {
    try {
      return (await planes()).state;
    } catch (error) {
      if (error instanceof TanistError) throw error;
      throw new TanistError('unavailable', asError(error).message, { cause: error });
    }
  };
  return {
    space: 'planes',
    get: async (...call) => await (await now()).get(...call),
    put: async (...call) => await (await now()).put(...call),
    delete: async (...call) => await (await now()).delete(...call),
    txn: async (...call) => await (await now()).txn(...call),
    grantLease: async (...call) => await (await now()).grantLease(...call),
    revokeLease: async (...call) => await (await now()).revokeLease(...call),
    keepLeaseAlive: async (...call) => await (await now()).keepLeaseAlive(...call),
    async *watch(...call): AsyncGenerator<WatchBatch, void, undefined> {
      yield* (await now()).watch(...call);
    },
  };
}
