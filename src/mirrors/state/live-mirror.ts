import { asError, TanistError } from '../../foundation/errors.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { Feed, ReplicaWord } from '../../nearest/feed.ts';
import { Feeds, type Near } from '../../nearest/feeds.ts';
import { follow } from '../../nearest/follow.ts';
import { type Clock, rest } from '../../ports/clock.ts';
import type { ClientKeyValue, StateClient, WatchEvent } from '../../ports/state-client.ts';
import { resourceId } from '../resource-id.ts';
import { Budgets } from './budgets.ts';
import { ClusterContact } from './cluster-contact.ts';
import { EntryTimes, type TimesOf } from './entry-times.ts';
import { livePrefix, parseLiveKey } from './keys.ts';
import { emptyEntry, isDone, isEmpty, type LiveEntry, vanished } from './live-entry.ts';
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
  /** As of `Feeds`. */
  readonly near: Near | null;
  readonly times: TimesOf;
  /** Config of a source in the state; null: removed. */
  readonly onSource: (name: string, config: unknown) => void;
  readonly onTrouble: (error: Error) => void;
}

/** Until all is read anew where what came could not be taken. */
const againMs = 1000;

/**
 * The mirror in this process: everything below `mirrors/live/`, followed delta by delta. A read is a look into a map.
 * Where what it is followed at fails, or a nearer one is there, all of it is read anew, never as of before what was seen, and what vanished meanwhile vanishes here.
 */
export class LiveMirror {
  readonly entries = new Map<string, LiveEntry>();
  readonly budgets: Budgets;
  readonly contact: ClusterContact;
  readonly sources = new Set<string>();
  readonly clocks = new WriterClocks();
  readonly #times: EntryTimes;
  readonly #ports: LiveMirrorPorts;
  readonly #stopped = new AbortController();
  readonly #changed = new Set<(entry: LiveEntry) => void>();
  /** Changes under way: listeners are told when the whole revision is here. */
  readonly #touched = new Set<LiveEntry>();
  readonly #feeds: Feeds;
  /** The one that is followed, or was last. */
  #feed: Feed | null = null;
  /** Everything up to here is known. */
  #seen: Revision = revision(0);
  #running: Promise<void> | null = null;
  /** How often it began to follow. */
  #turn = 0;

  constructor(ports: LiveMirrorPorts) {
    this.#ports = ports;
    this.budgets = new Budgets(ports.clock, ports.by);
    this.#times = new EntryTimes(ports.clock, this.clocks, ports.times);
    this.contact = new ClusterContact(ports.clock, ports.silentMs);
    const { client, clock, near, silentMs } = ports;
    this.#feeds = new Feeds({ client, prefix: livePrefix, clock, near, silentMs });
  }

  /** Whether deltas come. False: what is here grows old unseen. */
  get following(): boolean {
    return this.contact.following;
  }

  /** The replica that it is followed at; null: the cluster itself, or nobody yet. */
  get replica(): ReplicaWord | null {
    return this.#feed?.replica ?? null;
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

  /** This process has written it, at that revision: readers need not wait for the delta, which may come by way of a replica. */
  wrote(name: string, check: CheckRecord, value: ValueRecord | null | undefined, at: Revision): void {
    if (at <= (this.entries.get(name)?.checkRevision ?? 0) || at <= this.#seen) return;
    const entry = this.entry(name);
    entry.writtenInTurn = this.#turn;
    entry.writtenRevision = at;
    entry.check = check;
    entry.checkRevision = at;
    if (value !== undefined) {
      entry.writtenValueRevision = at;
      entry.value = value;
      entry.valueRevision = value === null ? 0 : at;
    }
    if (isDone(entry.wantedRevision, check)) {
      entry.wanted = null;
      entry.wantedRevision = 0;
    }
    this.#times.retry(entry, true);
    this.#times.set(entry);
    this.#touched.add(entry);
    this.#tell();
  }

  /** The source's config changed: freshness counts anew. */
  refreshTimes(source: string): void {
    for (const entry of this.entries.values()) {
      if (entry.id.source !== source) continue;
      this.#times.set(entry);
      this.#touched.add(entry);
    }
  }

  async #run(first: (error: Error | null) => void): Promise<void> {
    const { clock, onTrouble } = this.#ports;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#follow(first);
      } catch (error) {
        onTrouble(asError(error));
        this.contact.following = false;
        await rest(clock, againMs, signal);
      }
    }
    this.contact.following = false;
    first(new TanistError('closed', 'these mirrors are closed'));
  }

  async #follow(first: (error: Error | null) => void): Promise<void> {
    const { clock, onTrouble } = this.#ports;
    const { signal } = this.#stopped;
    let told = '';
    for await (const part of follow(this.#feeds, clock, signal, this.#seen)) {
      const { feed } = part;
      switch (part.kind) {
        case 'turn':
          this.#turn++;
          break;
        case 'all':
          this.#replace(part.at, part.found, feed.replica === null);
          this.#feed = feed;
          this.contact.following = true;
          first(null);
          told = '';
          break;
        case 'changes': {
          const { revision: through, events } = part.batch;
          // What a replica says without a change is no word of the cluster's.
          if (feed.replica === null || events.length > 0) this.contact.heard();
          this.#seen = revision(Math.max(this.#seen, through));
          for (const event of events) this.#take(event, true);
          this.#tell();
          break;
        }
        case 'lost':
          // Once, however often it comes to nothing.
          if (part.error.message !== told) onTrouble(part.error);
          told = part.error.message;
          // The others are asked at once, and until they have answered nobody notices.
          if (feed.replica !== null) break;
          this.contact.following = false;
          first(part.error);
          break;
      }
    }
  }

  #replace(at: Revision, found: readonly ClientKeyValue[], isClusters: boolean): void {
    this.#seen = at;
    // The cluster has all that was written before this turn, but for a cluster that was restored; what was written since may not be in what was read.
    if (isClusters) {
      for (const entry of this.entries.values()) {
        if (entry.writtenInTurn === this.#turn) continue;
        entry.writtenRevision = 0;
        entry.writtenValueRevision = 0;
      }
    }
    const present = new Set(found.map(({ key }) => Buffer.from(key).toString('utf8')));
    for (const key of this.#keys()) {
      if (!present.has(key)) this.#take({ type: 'delete', keyValue: vanished(key, at) }, false);
    }
    for (const keyValue of found) this.#take({ type: 'put', keyValue }, false);
    this.#tell();
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
    // A replica may not have what was written here since.
    if (kind === 'check' && at < entry.writtenRevision) return;
    if (kind === 'value' && at < entry.writtenValueRevision) return;
    if (kind === 'wanted' && record !== null && isDone(at, entry.check)) return;
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
        this.#times.retry(entry, isLive);
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
    this.#times.set(entry);
    this.#touched.add(entry);
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
