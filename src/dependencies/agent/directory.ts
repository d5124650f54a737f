import { randomBytes } from 'node:crypto';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type {
  Claim,
  ContentKey,
  DependencyRegistry,
  Holding,
  SandboxFacts,
} from '../../ports/dependency-registry.ts';
import type { ObjectMeta } from '../cache/object-meta.ts';
import { within } from './within.ts';
import { finalCodes, missingObject, registeredKeys, taken } from './words.ts';

export interface DirectoryOptions {
  readonly registry: DependencyRegistry;
  readonly self: SandboxFacts;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** All that is to be registered, after a new beginning. */
  readonly held: () => readonly ObjectMeta[];
  /** Whether what registered so still runs. */
  readonly answers: (sandbox: SandboxFacts) => Promise<boolean>;
  readonly say: (text: string) => void;
}

/** Nothing waits longer for the registry. */
const patienceMs = 3000;
const stopMs = 2000;
/** After a failure the registry is left alone, longer each time in a row: the sandbox is served from upstream meanwhile. */
const shortestRestMs = 1000;
const longestRestMs = 30_000;
const registeredAtOnce = 256;
/** What addresses answered is told of the latest alone: each is a key in the cluster. */
const mostAddresses = 16_384;
/**
 * This sandbox's word in the registry, kept up over everything that may happen to the cluster: heartbeats at a third of the lease; a lease that ended is
 * taken anew, and all that is held registered again. Without the registry, be it from the start, the agent serves on, from its cache and from upstream.
 */
export class Directory {
  readonly #options: DirectoryOptions;
  #joined = false;
  /** Of the latest join: what others say under the same id is not this agent's word. */
  #lease: { readonly lease?: LeaseId } = {};
  /** One at a time: one that was given up goes on behind, and would revoke the lease of the next. */
  #joining: Promise<{ readonly lease: LeaseId }> | null = null;
  #instance: string;
  #isTaken = false;
  readonly #told = new Set<string>();
  #restsUntilMs = 0;
  #failuresInRow = 0;
  #timer: Timer | null = null;
  #closed = false;
  /** What could not be said: everything is, as soon as the registry answers. */
  #isBehind = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#instance = options.self.instance;
  }

  get joined(): boolean {
    return this.#joined;
  }

  /** Fails as `sandbox-exists`, and where it is asked for something that can't be; a registry that does not answer is joined when it does. */
  async start(): Promise<void> {
    try {
      await this.#join();
    } catch (thrown) {
      const error = asError(thrown);
      if (error instanceof TanistError && finalCodes.has(error.code)) throw error;
      this.#failed(error);
    }
    this.#later(this.#joined ? this.#options.ttlMs / 3 : this.#options.ttlMs / 10);
  }

  async stop(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const { registry, self, clock } = this.#options;
    const leave = (own: { readonly lease?: LeaseId }): Promise<void> =>
      registry.invalidate(self.id, { ...own, deadlineMs: stopMs });
    const left = [
      this.#joined ? leave(this.#lease) : undefined,
      this.#joining?.then(({ lease }) => leave({ lease })),
    ];
    this.#joined = false;
    await within(clock, stopMs, Promise.all(left)).catch(() => undefined);
  }

  /** Null: the registry does not answer. */
  claim(key: ContentKey, over: { readonly over?: string } = {}): Promise<Claim | null> {
    const { registry, self } = this.#options;
    return this.#ask(() => registry.claim(self.id, key, { ...this.#lease, ...over, deadlineMs: patienceMs }));
  }

  /** For each key the others that hold or fetch it. */
  async lookup(keys: readonly ContentKey[]): Promise<readonly (readonly Holding[])[]> {
    const { registry, self } = this.#options;
    const found = await this.#ask(() => registry.lookup(keys, { asker: self.id, deadlineMs: patienceMs }));
    return (found ?? []).map((holdings) => holdings.filter(({ sandbox }) => sandbox !== self.id));
  }

  /** Resolves when it is said, or can't be said at present. `address`: of all of its addresses this one alone is news. */
  holds(meta: ObjectMeta, address?: ContentKey): Promise<void> {
    const keys = meta.keys.filter(({ algorithm }) => algorithm !== 'url');
    return this.#tell(() =>
      this.#register([address === undefined ? meta : { ...meta, keys: [...keys, address] }]),
    );
  }

  /** That an address answered that there is nothing; resolves like `holds`. Whoever says so takes it back by `gaveUp`. */
  missing(key: ContentKey, forMs: number): Promise<void> {
    const { registry, self, clock } = this.#options;
    const said = [missingObject(key, clock.wallMs(), forMs)];
    return this.#tell(() => registry.register(self.id, said, this.#lease));
  }

  gone(objects: readonly ObjectMeta[]): void {
    const { registry, self } = this.#options;
    const keys = objects.flatMap(registeredKeys);
    for (const { digest } of keys) this.#told.delete(digest);
    void this.#tell(() => registry.release(self.id, keys, this.#lease));
  }

  /** A fetch that was announced came to nothing. */
  gaveUp(key: ContentKey): void {
    const { registry, self } = this.#options;
    void this.#tell(() => registry.release(self.id, [key], this.#lease));
  }

  async #join(): Promise<void> {
    const { clock, held } = this.#options;
    if (this.#joining === null) await this.#checkFree();
    if (this.#closed) return;
    const { lease } = await within(clock, patienceMs, this.#joining ?? this.#begin());
    if (this.#closed) return;
    this.#joining = null;
    this.#lease = { lease };
    this.#joined = true;
    this.#isBehind = false;
    this.#isTaken = false;
    this.#told.clear();
    try {
      const all = held();
      for (let i = 0; i < all.length; i += registeredAtOnce)
        await this.#register(all.slice(i, i + registeredAtOnce));
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
  }

  /** Fails as `sandbox-exists`. */
  async #checkFree(): Promise<void> {
    const { registry, self, clock, answers } = this.#options;
    const looking = registry.sandboxes({ id: self.id, deadlineMs: patienceMs });
    const [other] = await within(clock, patienceMs, looking);
    // An earlier life of the same cache; but a copy of it may be somebody else's, who is there.
    if (other?.instance !== this.#instance || other.address === self.address) return;
    if (await answers(other)) throw taken(other);
    if (this.#isTaken) this.#instance = randomBytes(16).toString('hex');
  }

  #begin(): Promise<{ readonly lease: LeaseId }> {
    const { registry, self, ttlMs } = this.#options;
    const sandbox = { ...self, instance: this.#instance };
    const joining = registry.join(sandbox, ttlMs, { deadlineMs: patienceMs });
    this.#joining = joining;
    joining.catch(() => {
      if (this.#joining === joining) this.#joining = null;
    });
    return joining;
  }

  async #register(objects: readonly ObjectMeta[]): Promise<void> {
    const { registry, self } = this.#options;
    await registry.register(
      self.id,
      objects.flatMap((meta) => {
        const { sha256, size } = meta;
        const keys = registeredKeys(meta);
        const digests = keys.filter(({ algorithm }) => algorithm !== 'url');
        const addresses = keys.filter(({ algorithm }) => algorithm === 'url');
        return [
          { keys: digests, sha256, size },
          ...addresses.flatMap((key) => {
            const answer = meta.answers[key.digest];
            if (answer === undefined) return [];
            this.#told.delete(key.digest);
            this.#told.add(key.digest);
            return [{ keys: [key], sha256, size, answer }];
          }),
        ];
      }),
      this.#lease,
    );
    if (this.#told.size <= mostAddresses) return;
    const old = [...this.#told].slice(0, this.#told.size - mostAddresses);
    for (const digest of old) this.#told.delete(digest);
    const keys = old.map((digest): ContentKey => ({ algorithm: 'url', digest }));
    await registry.release(self.id, keys, this.#lease);
  }

  async #ask<T>(act: () => Promise<T>): Promise<T | null> {
    if (!this.#joined || this.#options.clock.nowMs() < this.#restsUntilMs) return null;
    try {
      const answer = await within(this.#options.clock, patienceMs, act());
      this.#failuresInRow = 0;
      return answer;
    } catch (error) {
      this.#failed(asError(error));
      return null;
    }
  }

  async #tell(act: () => Promise<void>): Promise<void> {
    if (this.#closed) return;
    if (!this.#joined || this.#options.clock.nowMs() < this.#restsUntilMs) {
      this.#isBehind = true;
      return;
    }
    try {
      await within(this.#options.clock, patienceMs, act());
    } catch (error) {
      this.#isBehind = true;
      this.#failed(asError(error));
    }
  }

  #failed(error: Error): void {
    if (this.#closed) return;
    if (error instanceof TanistError && error.code === 'sandbox-exists') {
      this.#lost(error);
      return;
    }
    if (error instanceof TanistError && error.code === 'sandbox-unknown') {
      if (!this.#joined) return;
      this.#joined = false;
      this.#later(0);
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    // Those that waited together are one failure.
    if (nowMs < this.#restsUntilMs) return;
    const isFirst = this.#failuresInRow === 0;
    const restMs = Math.min(longestRestMs, shortestRestMs * 2 ** Math.min(this.#failuresInRow++, 10));
    this.#restsUntilMs = nowMs + restMs;
    if (isFirst)
      this.#options.say(`the registry does not answer (${error.message}); served without it meanwhile`);
  }

  /** Another agent took the id, as one with a copy of the cache: it keeps it, as long as it lives. */
  #lost(error: Error): void {
    this.#joined = false;
    if (!this.#isTaken) this.#options.say(`${error.message}; served meanwhile without the others`);
    this.#isTaken = true;
  }

  #later(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#closed) this.#timer = this.#options.clock.after(delayMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const { registry, self, ttlMs, say } = this.#options;
    try {
      if (!this.#joined || this.#isBehind) {
        await this.#join();
        say(`registered anew as ${self.id}`);
      } else {
        const over = { ...this.#lease, deadlineMs: patienceMs };
        await within(this.#options.clock, patienceMs, registry.heartbeat(self.id, over));
      }
      this.#restsUntilMs = 0;
      this.#failuresInRow = 0;
      this.#later(ttlMs / 3);
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof TanistError && error.code === 'sandbox-unknown') this.#joined = false;
      else this.#failed(asError(error));
      // Not joined and taken by another: it goes on without, and tries again as long as it runs.
      this.#later(ttlMs / 10);
    }
  }
}
