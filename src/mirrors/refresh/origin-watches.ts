import { asError, TanistError } from '../../foundation/errors.ts';
import { rest } from '../../ports/clock.ts';
import { invalidate } from '../invalidation/wanted.ts';
import type { Mirrors } from '../sdk/mirrors.ts';
import type { OriginChange } from '../sources/origin.ts';
import type { LiveEntry } from '../state/live-entry.ts';

/** After a watch that ended: the first pause, and the longest; each time twice as long. */
const pauseMs = 500;
const longestPauseMs = 30_000;

interface Followed {
  readonly stop: AbortController;
  ended: Promise<void>;
  /** Resources of this process that were looked at since the watch stands: what comes now is told. */
  readonly covered: Set<string>;
  stands: boolean;
}

/**
 * Follows origins that tell of their changes (`Origin.changes`): what one tells of is invalidated, by the process whose resource it is, so one look brings it,
 * whatever the schedule. What may have changed while nobody listened (before a watch stood, while it was down, while the resource was
 * somebody else's) is looked at once.
 */
export class OriginWatches {
  readonly #mirrors: Mirrors;
  readonly #owns: (name: string) => boolean;
  readonly #followed = new Map<string, Followed>();

  constructor(mirrors: Mirrors, owns: (name: string) => boolean) {
    this.#mirrors = mirrors;
    this.#owns = owns;
  }

  /** Begins and ends watches as sources and mirrors come and go; asks for what is not covered yet. Called now and then. */
  tick(): void {
    const { sources } = this.#mirrors;
    const owned = this.#ownedBySource();
    for (const [source, { stop }] of this.#followed) if (!owned.has(source)) stop.abort();
    for (const [source, entries] of owned) {
      const followed = this.#followed.get(source);
      if (followed === undefined) this.#follow(source);
      else if (followed.stands) void this.#cover(followed, entries);
      if (sources.get(source) === null) followed?.stop.abort();
    }
  }

  async stop(): Promise<void> {
    const all = [...this.#followed.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  #ownedBySource(): ReadonlyMap<string, readonly LiveEntry[]> {
    const owned = new Map<string, LiveEntry[]>();
    const { sources, live } = this.#mirrors;
    if (!sources.names().some((name) => sources.get(name)?.origin.kind === 'etcd')) return owned;
    for (const entry of live.entries.values()) {
      const { source } = entry.id;
      if (sources.get(source)?.origin.kind !== 'etcd' || !this.#owns(entry.name)) continue;
      const known = owned.get(source);
      if (known === undefined) owned.set(source, [entry]);
      else known.push(entry);
    }
    return owned;
  }

  #follow(source: string): void {
    const stop = new AbortController();
    const followed: Followed = { stop, covered: new Set(), stands: false, ended: Promise.resolve() };
    this.#followed.set(source, followed);
    followed.ended = this.#run(source, followed).finally(() => this.#followed.delete(source));
  }

  async #run(source: string, followed: Followed): Promise<void> {
    const { signal } = followed.stop;
    let pause = pauseMs;
    for (;;) {
      try {
        const origin = await this.#mirrors.sources.origin(source);
        for await (const change of origin.changes?.(signal) ?? []) {
          pause = pauseMs;
          await this.#heard(source, followed, change);
        }
      } catch (error) {
        if (signal.aborted) return;
        // Others may ask it; this process looks by its schedule alone.
        if (error instanceof TanistError && error.code === 'source-unsupported') pause = longestPauseMs;
        else this.#mirrors.ports.onTrouble(trouble(source, error));
      }
      followed.stands = false;
      followed.covered.clear();
      if (signal.aborted) return;
      await rest(this.#mirrors.ports.clock, pause, signal);
      pause = Math.min(2 * pause, longestPauseMs);
    }
  }

  async #heard(source: string, followed: Followed, change: OriginChange): Promise<void> {
    if (change.kind === 'following') {
      followed.stands = true;
      return;
    }
    const { live, ports } = this.#mirrors;
    const names: string[] = [];
    for (const key of change.keys ?? live.entries.keys()) {
      const name = change.keys === null ? key : `${source}/${key}`;
      const entry = live.entries.get(name);
      if (entry?.id.source === source && this.#owns(name)) names.push(name);
    }
    if (names.length === 0) return;
    await invalidate(ports.client, names, {
      reason: 'invalidated',
      by: ports.by,
      atMs: ports.clock.wallMs(),
    });
  }

  /** What is this process's newly is looked at once: it may have changed before. */
  async #cover(followed: Followed, entries: readonly LiveEntry[]): Promise<void> {
    const { onTrouble } = this.#mirrors.ports;
    const owned = new Set(entries.map(({ name }) => name));
    for (const name of followed.covered) if (!owned.has(name)) followed.covered.delete(name);
    const fresh = entries.filter(({ name }) => !followed.covered.has(name));
    if (fresh.length === 0) return;
    for (const { name } of fresh) followed.covered.add(name);
    const asked = fresh.filter(({ wanted }) => wanted === null).map(({ name }) => name);
    try {
      await this.#mirrors.ask(...asked);
    } catch (error) {
      for (const name of asked) followed.covered.delete(name);
      onTrouble(asError(error));
    }
  }
}

function trouble(source: string, error: unknown): TanistError {
  const { message } = asError(error);
  return new TanistError('unavailable', `the changes of source ${source} are not followed: ${message}`);
}
