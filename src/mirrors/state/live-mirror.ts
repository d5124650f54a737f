import { asError, TanistError } from '../../foundation/errors.ts';
import { noLease, type Revision, revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClientKeyValue, StateClient, WatchEvent } from '../../ports/state-client.ts';
import { resourceId } from '../resource-id.ts';
import { Budgets } from './budgets.ts';
import { ClusterContact } from './cluster-contact.ts';
import { livePrefix, parseLiveKey } from './keys.ts';
import { emptyEntry, isEmpty, type LiveEntry } from './live-entry.ts';
import type { BudgetRecord, CheckRecord, ClaimRecord, ValueRecord, WantedRecord } from './records.ts';
import { decodeRecord } from './records.ts';
import { WriterClocks } from './writer-clocks.ts';

export interface LiveMirrorPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  /** Of this process, in records. */
  readonly by: string;
  /** As of `ClusterContact`. */
  readonly silentMs: number;
  /** How long the mirrors of a source are fresh, how far ahead changes are told, by what config they are kept (`keptBy`); null: no such source is known. */
  readonly times: (
    source: string,
  ) => { readonly freshForMs: number; readonly horizonMs: number; readonly kept: string } | null;
  /** Config of a source in the state; null: removed. */
  readonly onSource: (name: string, config: unknown) => void;
  readonly onTrouble: (error: Error) => void;
}

const pageKeys = 500;
const againMs = 200;

/**
 * The mirror in this process: everything below `mirrors/live/`, followed delta by delta. A read is a look into a map.
 * Where the watch fails, or history is gone, all of it is read anew, and what vanished meanwhile vanishes here.
 */
export class LiveMirror {
  readonly entries = new Map<string, LiveEntry>();
  readonly budgets: Budgets;
  readonly contact: ClusterContact;
  readonly sources = new Set<string>();
  readonly clocks = new WriterClocks();
  readonly #ports: LiveMirrorPorts;
  readonly #stopped = new AbortController();
  readonly #changed = new Set<(entry: LiveEntry) => void>();
  /** Changes under way: listeners are told when the whole revision is here. */
  readonly #touched = new Set<LiveEntry>();
  #running: Promise<void> | null = null;

  constructor(ports: LiveMirrorPorts) {
    this.#ports = ports;
    this.budgets = new Budgets(ports.clock, ports.by);
    this.contact = new ClusterContact(ports.clock, ports.silentMs);
  }

  /** Whether deltas come. False: what is here grows old unseen. */
  get following(): boolean {
    return this.contact.following;
  }

  /** Resolves when all of it is here; fails where the cluster cannot be reached, and goes on trying behind. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#running = this.#run((error) => (error === null ? resolve() : reject(error)));
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  entry(name: string): LiveEntry {
    const known = this.entries.get(name);
    if (known !== undefined) return known;
    const made = emptyEntry(resourceId(name), name);
    this.entries.set(name, made);
    return made;
  }

  /** Hears of every entry that changed; the function it returns ends that. */
  onChange(listener: (entry: LiveEntry) => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** The source's config changed: freshness counts anew. */
  refreshTimes(source: string): void {
    for (const entry of this.entries.values()) if (entry.id.source === source) this.#timed(entry);
  }

  async #run(first: (error: Error | null) => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        const from = await this.#load();
        const watch = this.#ports.client.watch(livePrefix, {
          prefix: true,
          fromRevision: revision(from + 1),
          signal,
        });
        this.contact.following = true;
        first(null);
        for await (const batch of watch) {
          this.contact.heard();
          for (const event of batch.events) this.#take(event, true);
          this.#tell();
        }
        if (!signal.aborted) throw new TanistError('unavailable', 'the watch of the mirrors ended');
      } catch (error) {
        this.contact.following = false;
        first(asError(error));
        if (signal.aborted) return;
        this.#ports.onTrouble(asError(error));
        await new Promise<void>((resolve) => this.#ports.clock.after(againMs, resolve));
      }
    }
    this.contact.following = false;
  }

  /** All of it as of one revision. */
  async #load(): Promise<Revision> {
    const found: ClientKeyValue[] = [];
    const { signal } = this.#stopped;
    let answer = await this.#ports.client.get(livePrefix, { prefix: true, limit: pageKeys, signal });
    const at = answer.revision;
    found.push(...answer.values);
    while (answer.more) {
      const last = found.at(-1);
      if (last === undefined) break;
      const from = Buffer.concat([last.key, Buffer.of(0)]);
      answer = await this.#ports.client.get(from, {
        rangeEnd: livePrefixEnd,
        limit: pageKeys,
        revision: at,
        signal,
      });
      found.push(...answer.values);
    }
    const present = new Set(found.map(({ key }) => Buffer.from(key).toString('utf8')));
    for (const key of this.#keys()) {
      if (!present.has(key)) this.#take({ type: 'delete', keyValue: vanished(key, at) }, false);
    }
    for (const keyValue of found) this.#take({ type: 'put', keyValue }, false);
    this.#tell();
    return at;
  }

  *#keys(): Generator<string> {
    for (const { name, value, check, wanted, claim } of this.entries.values()) {
      if (value !== null) yield `${livePrefix}v/${name}`;
      if (check !== null) yield `${livePrefix}c/${name}`;
      if (wanted !== null) yield `${livePrefix}w/${name}`;
      if (claim !== null) yield `${livePrefix}l/${name}`;
    }
    for (const name of this.budgets.sources()) yield `${livePrefix}b/${name}`;
    for (const name of this.sources) yield `${livePrefix}s/${name}`;
  }

  #take({ type, keyValue }: WatchEvent, isLive: boolean): void {
    const parsed = parseLiveKey(keyValue.key);
    if (parsed === null) return;
    const { kind, name } = parsed;
    const at = keyValue.modRevision;
    const record = type === 'delete' ? null : decodeRecord<object>(keyValue.value);
    if (kind === 'budget') {
      this.budgets.heard(name, record as BudgetRecord | null, at, isLive);
      return;
    }
    if (kind === 'source') {
      if (record === null) this.sources.delete(name);
      else this.sources.add(name);
      this.#ports.onSource(name, record);
      return;
    }
    const entry = this.entry(name);
    switch (kind) {
      case 'value':
        entry.value = record as ValueRecord | null;
        entry.valueRevision = record === null ? 0 : at;
        break;
      case 'check': {
        const check = record as CheckRecord | null;
        const isNewLook = check !== null && check.fence !== entry.check?.fence;
        if (isLive && isNewLook && check.failure === null)
          this.clocks.arrived(check.by, check.checkedAtMs + check.tookMs, this.#ports.clock.wallMs());
        entry.check = check;
        this.#retries(entry, isLive);
        entry.checkRevision = check === null ? 0 : at;
        break;
      }
      case 'wanted':
        entry.wanted = record as WantedRecord | null;
        entry.wantedRevision = record === null ? 0 : at;
        entry.wantedMonoMs = this.#ports.clock.nowMs();
        break;
      case 'claim':
        entry.claim = record as ClaimRecord | null;
        break;
    }
    this.#timed(entry);
    this.#touched.add(entry);
  }

  /** However calendars differ, nobody waits for longer than the writer meant. */
  #retries(entry: LiveEntry, isLive: boolean): void {
    const failure = entry.check?.failure ?? null;
    entry.retryAtMonoMs = Number.NEGATIVE_INFINITY;
    if (failure === null) return;
    const { clock } = this.#ports;
    const waitMs = failure.retryAtMs - failure.atMs;
    const passedMs = isLive ? 0 : clock.wallMs() - (failure.atMs + this.clocks.skewMs(failure.by));
    entry.retryAtMonoMs = clock.nowMs() + waitMs - Math.max(0, passedMs);
  }

  /** The times of an entry by our monotonic clock. */
  #timed(entry: LiveEntry): void {
    const { check } = entry;
    entry.checkedMonoMs = Number.NEGATIVE_INFINITY;
    entry.expectedMonoMs = Number.POSITIVE_INFINITY;
    entry.freshUntilMonoMs = Number.NEGATIVE_INFINITY;
    entry.servedUntilMonoMs = Number.NEGATIVE_INFINITY;
    entry.goneUntilMonoMs = Number.NEGATIVE_INFINITY;
    const own = this.#ports.times(entry.id.source);
    entry.isForeign = own !== null && entry.value !== null && entry.value.format !== own.kept;
    // Another origin's word, on whether it may be asked or has such a resource, is not this one's.
    const isOthers = own !== null && check?.kept !== undefined && check.kept !== own.kept;
    if (isOthers) entry.retryAtMonoMs = Number.NEGATIVE_INFINITY;
    if (check === null || check.checkedAtMs === 0) return;
    const { clock } = this.#ports;
    const nowMs = clock.nowMs();
    const skewMs = this.clocks.skewMs(check.by);
    const toMono = (stampMs: number): number => nowMs - (clock.wallMs() - (stampMs + skewMs));
    // Of a writer whose clock is ahead: nothing was looked at in the future.
    entry.checkedMonoMs = Math.min(nowMs, toMono(check.checkedAtMs));
    if (check.expectedAtMs !== null) entry.expectedMonoMs = toMono(check.expectedAtMs);
    entry.horizonMs = own?.horizonMs ?? 0;
    if (own !== null && entry.wanted?.reason !== 'invalidated') {
      const untilMonoMs = entry.checkedMonoMs + own.freshForMs;
      if (check.gone && !isOthers) entry.goneUntilMonoMs = untilMonoMs;
      if (entry.value !== null && !check.gone && !entry.isForeign) entry.freshUntilMonoMs = untilMonoMs;
    }
    if (entry.wanted?.reason !== 'due') entry.servedUntilMonoMs = entry.freshUntilMonoMs;
  }

  #tell(): void {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const entry of touched) {
      for (const listener of [...entry.listeners]) listener();
      for (const listener of this.#changed) listener(entry);
      if (isEmpty(entry) && entry.listeners.size === 0) this.entries.delete(entry.name);
    }
  }
}

const livePrefixEnd = `${livePrefix.slice(0, -1)}0`;

function vanished(key: string, at: Revision): ClientKeyValue {
  const empty = new Uint8Array();
  return {
    key: Buffer.from(key, 'utf8'),
    value: empty,
    createRevision: at,
    modRevision: at,
    version: 0,
    lease: noLease,
  };
}
