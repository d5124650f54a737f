import { TanistError } from '../../src/foundation/errors.ts';
import type { ReplicaReads, ReplicaWatch, StateClient, WatchBatch } from '../../src/ports/state-client.ts';
import type { MemoryCluster } from './memory-cluster.ts';
import { settle, type TestClock } from './test-clock.ts';

/** A replica beside the cluster in memory: it may be gone, or say that it is older than it is, or stand still. */
export class NearReplica implements ReplicaReads {
  readonly endpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Refuses as `not-held`. */
  holds = true;
  readonly #client: StateClient;
  readonly #clock: TestClock;
  readonly #watches = new Set<AbortController>();
  #down = false;
  /** Each read takes so long. */
  roundTripMs: number;
  ageMs = 0;
  reads = 0;
  /** Reads are answered, and watches tell nothing. */
  stalled = false;
  /** It stands still at this answer. */
  #still: Awaited<ReturnType<ReplicaReads['get']>> | null = null;

  constructor(
    cluster: MemoryCluster,
    clock: TestClock,
    endpoint: string,
    roundTripMs = 1,
    labels: Readonly<Record<string, string>> = {},
  ) {
    this.endpoint = endpoint;
    this.labels = labels;
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
    if (!this.holds) throw new TanistError('not-held', `${this.endpoint} does not hold it`);
    const { ageMs } = this;
    if (this.#still !== null) return { ...this.#still, more: false, ageMs };
    return { ...(await this.#client.get(key, { ...options, consistency: 'serializable' })), ageMs };
  }

  watch(...call: Parameters<ReplicaReads['watch']>): ReplicaWatch {
    const told = new Told();
    const batches = this.#batches(told, ...call);
    return {
      [Symbol.asyncIterator]: () => batches,
      requestProgress: () => {
        if (!this.stalled && this.#still === null) void this.#mark(told);
      },
    };
  }

  /** Behind all that the cluster has told by then. */
  async #mark(told: Told): Promise<void> {
    const { revision } = await this.#client.get('mirrors/live/', { prefix: true, countOnly: true });
    await settle();
    told.add({ revision, events: [] });
  }

  async *#batches(
    told: Told,
    ...[key, options]: Parameters<ReplicaReads['watch']>
  ): AsyncGenerator<WatchBatch, void, undefined> {
    if (this.#down) throw gone(this.endpoint);
    const ending = new AbortController();
    this.#watches.add(ending);
    const signal = AbortSignal.any([
      ending.signal,
      ...(options?.signal === undefined ? [] : [options.signal]),
    ]);
    signal.addEventListener('abort', () => told.end());
    try {
      if (this.#still !== null) told.add({ revision: this.#still.revision, events: [] });
      else void this.#pump(told, key, { ...options, signal });
      yield* told.all();
      if (ending.signal.aborted) throw gone(this.endpoint);
    } finally {
      this.#watches.delete(ending);
    }
  }

  async #pump(told: Told, ...call: Parameters<StateClient['watch']>): Promise<void> {
    try {
      for await (const batch of this.#client.watch(...call)) if (!this.stalled) told.add(batch);
    } catch {
      // The cluster is closed.
      told.end();
    }
  }
}

/** What a watch has told and nobody has taken. */
class Told {
  readonly #batches: WatchBatch[] = [];
  #isOver = false;
  #wake = (): void => undefined;

  add(batch: WatchBatch): void {
    this.#batches.push(batch);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *all(): AsyncGenerator<WatchBatch, void, undefined> {
    while (!this.#isOver) {
      const next = this.#batches.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
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
