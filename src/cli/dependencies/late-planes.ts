import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient, WatchBatch } from '../../ports/state-client.ts';
import type { Planes } from '../open-planes.ts';

const againMs = 1000;

/**
 * Planes of a cluster that may not be there yet: connected to in the background, again and again. Calls wait for the attempt under way, and fail as it
 * does; between two attempts at once.
 */
export class LatePlanes implements Planes {
  readonly state: StateClient;
  readonly #open: (signal: AbortSignal) => Promise<Planes>;
  readonly #clock: Clock;
  #attempt: Promise<Planes>;
  #again: Timer | null = null;
  readonly #ending = new AbortController();

  /** `open`: gives up at the signal. */
  constructor(open: (signal: AbortSignal) => Promise<Planes>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    this.#attempt = this.#try();
    this.state = lateState(() => this.#attempt);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#again?.cancel();
    await this.#attempt.then(
      (planes) => planes.close(),
      () => undefined,
    );
  }

  #try(): Promise<Planes> {
    const attempt = this.#open(this.#ending.signal);
    attempt.catch((error: unknown) => {
      if (this.#ending.signal.aborted || (error instanceof TanistError && !error.retryable)) return;
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
