import { TanistError } from '../../src/foundation/errors.ts';
import type { ReplicaReads, StateClient, WatchBatch } from '../../src/ports/state-client.ts';
import type { MemoryCluster } from './memory-cluster.ts';
import type { TestClock } from './test-clock.ts';

/** A replica beside the cluster in memory: it may be gone, or say that it is older than it is, or stand still. */
export class NearReplica implements ReplicaReads {
  readonly endpoint: string;
  readonly #client: StateClient;
  readonly #clock: TestClock;
  readonly #watches = new Set<AbortController>();
  #down = false;
  /** Each read takes so long. */
  roundTripMs: number;
  ageMs = 0;
  reads = 0;
  /** It stands still at this answer. */
  #still: Awaited<ReturnType<ReplicaReads['get']>> | null = null;

  constructor(cluster: MemoryCluster, clock: TestClock, endpoint: string, roundTripMs = 1) {
    this.endpoint = endpoint;
    this.roundTripMs = roundTripMs;
    this.#client = cluster.client();
    this.#clock = clock;
  }

  set down(down: boolean) {
    this.#down = down;
    if (down) for (const watch of this.#watches) watch.abort();
  }

  async standStill(): Promise<void> {
    this.#still = await this.#client.get('mirrors/live/', { prefix: true });
    for (const watch of this.#watches) watch.abort();
  }

  goOn(): void {
    this.#still = null;
  }

  async get(...[key, options]: Parameters<ReplicaReads['get']>): ReturnType<ReplicaReads['get']> {
    this.reads++;
    await new Promise<void>((resolve) => this.#clock.after(this.roundTripMs, resolve));
    if (this.#down) throw gone(this.endpoint);
    const { ageMs } = this;
    if (this.#still !== null) return { ...this.#still, more: false, ageMs };
    return { ...(await this.#client.get(key, { ...options, consistency: 'serializable' })), ageMs };
  }

  async *watch(
    ...[key, options]: Parameters<ReplicaReads['watch']>
  ): AsyncGenerator<WatchBatch, void, undefined> {
    if (this.#down) throw gone(this.endpoint);
    const ending = new AbortController();
    this.#watches.add(ending);
    const signal = AbortSignal.any([
      ending.signal,
      ...(options?.signal === undefined ? [] : [options.signal]),
    ]);
    try {
      if (this.#still === null) yield* this.#client.watch(key, { ...options, signal });
      else {
        yield { revision: this.#still.revision, events: [] };
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      }
      if (ending.signal.aborted) throw gone(this.endpoint);
    } finally {
      this.#watches.delete(ending);
    }
  }
}

/** The cluster's own client, which counts what is read of the mirrors and may have lost its quorum. */
export function nearClient(cluster: MemoryCluster, replicas: readonly NearReplica[]) {
  const state = { quorum: true, reads: 0 };
  const lost = (): TanistError => new TanistError('unavailable', 'no quorum');
  const client = new Proxy(cluster.client(), {
    get: (target, name: keyof StateClient) => {
      if (name === 'replicas')
        return async (endpoints?: readonly string[]) =>
          replicas.filter(({ endpoint }) => endpoints?.includes(endpoint) ?? true);
      const value = target[name] as unknown;
      if (typeof value !== 'function') return value;
      return (key: unknown, ...rest: unknown[]): unknown => {
        if ((name === 'get' || name === 'watch') && String(key).startsWith('mirrors/live/')) state.reads++;
        if (state.quorum) return value.call(target, key, ...rest);
        return name === 'watch' ? failing(lost()) : Promise.reject(lost());
      };
    },
  });
  return { client, state };
}

// biome-ignore lint/correctness/useYield: it fails before there is anything
async function* failing(error: TanistError): AsyncGenerator<never> {
  throw error;
}

function gone(endpoint: string): TanistError {
  return new TanistError('unavailable', `${endpoint} is gone`);
}
