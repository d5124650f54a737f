import { asError, TanistError } from '../../foundation/errors.ts';
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

export interface DirectoryOptions {
  readonly registry: DependencyRegistry;
  readonly self: SandboxFacts;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** All that is to be registered, after a new beginning. */
  readonly held: () => readonly ObjectMeta[];
  readonly say: (text: string) => void;
}

/** Nothing waits longer for the registry. */
const patienceMs = 3000;
const stopMs = 2000;
/** After a failure the registry is left alone, longer each time in a row: the sandbox is served from upstream meanwhile. */
const shortestRestMs = 1000;
const longestRestMs = 30_000;
const registeredAtOnce = 256;
/** What is no better a moment later. */
const finalCodes: ReadonlySet<string> = new Set([
  'sandbox-exists',
  'invalid-argument',
  'config-invalid',
  'not-tanist',
]);

/**
 * This sandbox's word in the registry, kept up over everything that may happen to the cluster: heartbeats at a third of the lease; a lease that ended is
 * taken anew, and all that is held registered again. Without the registry, be it from the start, the agent serves on, from its cache and from upstream.
 */
export class Directory {
  readonly #options: DirectoryOptions;
  #joined = false;
  #restsUntilMs = 0;
  #failuresInRow = 0;
  #timer: Timer | null = null;
  #closed = false;
  /** What could not be said: everything is, as soon as the registry answers. */
  #isBehind = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
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
    if (!this.#joined) return;
    this.#joined = false;
    const { registry, self } = this.#options;
    const { clock } = this.#options;
    await within(clock, stopMs, registry.invalidate(self.id, { deadlineMs: stopMs })).catch(() => undefined);
  }

  /** Null: the registry does not answer. */
  claim(key: ContentKey): Promise<Claim | null> {
    const { registry, self } = this.#options;
    return this.#ask(() => registry.claim(self.id, key, { deadlineMs: patienceMs }));
  }

  /** For each key the others that hold or fetch it. */
  async lookup(keys: readonly ContentKey[]): Promise<readonly (readonly Holding[])[]> {
    const { registry, self } = this.#options;
    const found = await this.#ask(() => registry.lookup(keys, { deadlineMs: patienceMs }));
    return (found ?? []).map((holdings) => holdings.filter(({ sandbox }) => sandbox !== self.id));
  }

  /** Resolves when it is said, or can't be said at present. */
  holds(meta: ObjectMeta): Promise<void> {
    return this.#tell(() => this.#register([meta]));
  }

  gone(objects: readonly ObjectMeta[]): void {
    const { registry, self } = this.#options;
    void this.#tell(() => registry.release(self.id, objects.flatMap(registeredKeys)));
  }

  /** A fetch that was announced came to nothing. */
  gaveUp(key: ContentKey): void {
    const { registry, self } = this.#options;
    void this.#tell(() => registry.release(self.id, [key]));
  }

  async #join(): Promise<void> {
    const { registry, self, ttlMs, held } = this.#options;
    await within(this.#options.clock, patienceMs, registry.join(self, ttlMs, { deadlineMs: patienceMs }));
    if (this.#closed) return;
    this.#joined = true;
    this.#isBehind = false;
    try {
      const all = held();
      for (let i = 0; i < all.length; i += registeredAtOnce)
        await this.#register(all.slice(i, i + registeredAtOnce));
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
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
            return answer === undefined ? [] : [{ keys: [key], sha256, size, answer }];
          }),
        ];
      }),
    );
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
      } else
        await within(
          this.#options.clock,
          patienceMs,
          registry.heartbeat(self.id, { deadlineMs: patienceMs }),
        );
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

/** Under which an object is looked for: its sha256, the strongest that metadata lists, and addresses. */
function registeredKeys({ keys }: ObjectMeta): readonly ContentKey[] {
  const strong = keys.some(({ algorithm }) => algorithm === 'sha512');
  return keys.filter(({ algorithm }) => algorithm !== 'sha1' || !strong);
}
