import { type Revision, revision } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import { mutant } from '../foundation/mutants.ts';
import { type KeyValue, type Space, type StateDelta, spaces } from '../ports/delta.ts';
import type { HistoryStore } from '../ports/image-store.ts';
import type { FailedResult } from '../ports/result.ts';
import { failed } from './failed.ts';
import { notOfClients } from './predicted/check.ts';
import { catchUpRound, isFed, type WatchSource } from './watch/catch-up.ts';
import {
  deltaBytes,
  type WatchedChange,
  type Watcher,
  type WatchHandle,
  type WatchRequest,
  type WatchSink,
} from './watch/watcher.ts';
import { WatcherIndex } from './watch/watcher-index.ts';

export interface WatchHubOptions {
  readonly source: WatchSource;
  /** Without a gap before the present: `StateMachine.history(store.history)`. */
  readonly history: HistoryStore;
  /** Reading history failed, which stops the node. */
  readonly failed: (cause: unknown) => void;
  readonly watchers?: number;
  /** Waiting for one watcher whose sink takes no more; beyond it the watcher is fed from history later. */
  readonly watcherQueueBytes?: number;
  /** The same for all of them together. */
  readonly totalQueueBytes?: number;
}

/**
 * Watchers over keys and ranges. Each gets every change from its first revision on, once, in order, a revision's changes together: first
 * from history, and once it has caught up, from `publish`.
 */
export class WatchHub {
  readonly #options: Required<WatchHubOptions>;
  readonly #synced: Readonly<Record<Space, WatcherIndex>> = {
    user: new WatcherIndex(),
    planes: new WatcherIndex(),
    system: new WatcherIndex(),
    predicted: new WatcherIndex(),
  };
  /** Longest waiting first. */
  readonly #behind: Readonly<Record<Space, Set<Watcher>>> = {
    user: new Set(),
    planes: new Set(),
    system: new Set(),
    predicted: new Set(),
  };
  readonly #published: Record<Space, Revision>;
  readonly #reading = new Set<Space>();
  readonly #all = new Set<Watcher>();
  #queuedBytes = 0;
  /** While an entry is applied in pieces: what its deltas so far are to watchers. Null: none is. */
  #parts: Map<Watcher, Matched> | null = null;
  /** Who was synced meanwhile, and may have missed some of it. */
  readonly #late = new Set<Watcher>();
  /** State and history are being replaced: nothing is read or delivered. */
  #suspended = false;
  /** + 1 a suspension: what a round of an earlier one still finds counts for nothing. */
  #generation = 0;

  constructor(options: WatchHubOptions) {
    const watcherQueueBytes = options.watcherQueueBytes ?? limits.watcherQueueBytes;
    this.#options = {
      source: options.source,
      history: options.history,
      failed: options.failed,
      watchers: options.watchers ?? limits.watchers,
      watcherQueueBytes,
      totalQueueBytes: options.totalQueueBytes ?? 16 * watcherQueueBytes,
    };
    const { source } = options;
    this.#published = {
      user: source.revision('user'),
      planes: source.revision('planes'),
      system: source.revision('system'),
      predicted: source.revision('predicted'),
    };
  }

  get count(): number {
    return this.#all.size;
  }

  /** The sink hears nothing before this has returned. It may end with `too-many-watchers`, `revision-compacted`, or, of what is predicted, `invalid-argument`. */
  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    const next = this.#startOf(request);
    const watcher: Watcher = {
      request,
      sink,
      state: 'behind',
      paused: false,
      wantsProgress: false,
      next,
      queue: [],
      queueBytes: 0,
    };
    this.#all.add(watcher);
    if (request.space === 'predicted')
      queueMicrotask(() => this.#end(watcher, failed('invalid-argument', notOfClients)));
    else if (this.#all.size > this.#options.watchers) {
      const failure = failed('too-many-watchers', `${this.#options.watchers} watchers exist; end some first`);
      queueMicrotask(() => this.#end(watcher, failure));
    } else if (next > this.#published[request.space] && !this.#suspended) this.#sync(watcher);
    else this.#fallBehind(watcher);
    return {
      cancel: () => this.#remove(watcher),
      resume: () => this.#resume(watcher),
      requestProgress: () => {
        watcher.wantsProgress = true;
        this.#maybeBookmark(watcher);
      },
    };
  }

  /** The beginning of what `publish` will be given the rest of: an entry is applied in pieces. Nothing is delivered yet. */
  gather(deltas: readonly StateDelta[]): void {
    this.#parts ??= new Map();
    this.#match(deltas, this.#parts);
  }

  /** The deltas of `StateMachine.takeDeltas`, in the turn in which they were applied, behind those of `gather`. */
  publish(deltas: readonly StateDelta[]): void {
    const matched = this.#parts ?? new Map<Watcher, Matched>();
    const late = [...this.#late];
    this.#parts = null;
    this.#late.clear();
    this.#match(deltas, matched);
    for (const space of spaces) {
      const before = this.#published[space];
      this.#published[space] = this.#options.source.revision(space);
      // What they may have missed is in history.
      for (const watcher of late)
        if (watcher.request.space === space && watcher.state === 'synced')
          this.#comeLate(watcher, revision(before + 1));
    }
    for (const [watcher, changes] of matched)
      this.#offer(watcher, changes, this.#published[watcher.request.space]);
  }

  #match(deltas: readonly StateDelta[], matched: Map<Watcher, Matched>): void {
    if (deltas.length === 0) return;
    for (const space of spaces) {
      const index = this.#synced[space];
      if (index.size === 0) continue;
      const own = deltas.filter((delta) => delta.space === space);
      for (const [watcher, found] of index.match(own)) {
        const changes = matched.get(watcher) ?? { events: [], bytes: 0 };
        matched.set(watcher, changes);
        for (const delta of found) addChange(changes, delta, watcher.request.previous);
      }
    }
  }

  #comeLate(watcher: Watcher, from: Revision): void {
    if (watcher.next > this.#published[watcher.request.space]) return;
    this.#unsync(watcher);
    watcher.next = revision(Math.max(watcher.next, from));
    this.#fallBehind(watcher);
  }

  /** State and history are about to be replaced by a snapshot. Until `resume` watchers are taken but nothing is read or delivered. */
  suspend(): void {
    this.#suspended = true;
    this.#generation++;
    this.#reading.clear();
    this.#parts?.clear();
    for (const watcher of this.#all) {
      if (watcher.state !== 'synced') continue;
      const position = this.#positionOf(watcher);
      this.#unsync(watcher);
      watcher.next = position;
      this.#fallBehind(watcher);
    }
  }

  /** State and history are whole again: everyone continues from history where they were. */
  resume(): void {
    this.#suspended = false;
    for (const space of spaces) {
      this.#published[space] = this.#options.source.revision(space);
      if (this.#behind[space].size > 0) this.#read(space);
    }
  }

  endAll(failure: FailedResult): void {
    for (const watcher of [...this.#all]) this.#end(watcher, failure);
  }

  #startOf(request: WatchRequest): Revision {
    if (request.fromRevision === 0) return revision(this.#published[request.space] + 1);
    if (mutant.active === 'drop-watch-event-at-resume') return revision(request.fromRevision + 1);
    if (mutant.active === 'watch-duplicate-at-resume') return revision(Math.max(1, request.fromRevision - 1));
    return request.fromRevision;
  }

  #offer(watcher: Watcher, { events, bytes }: Matched, now: Revision): void {
    // Another watcher's sink may have ended this one meanwhile.
    if (watcher.state !== 'synced') return;
    if (!watcher.paused) {
      this.#send(watcher, events, now);
      return;
    }
    const { watcherQueueBytes, totalQueueBytes } = this.#options;
    if (watcher.queueBytes + bytes <= watcherQueueBytes && this.#queuedBytes + bytes <= totalQueueBytes) {
      for (const event of events) watcher.queue.push(event);
      watcher.queueBytes += bytes;
      this.#queuedBytes += bytes;
      return;
    }
    const position = (watcher.queue[0] ?? events[0])?.delta.revision ?? revision(now + 1);
    this.#unsync(watcher);
    watcher.next = position;
    this.#fallBehind(watcher);
  }

  #send(watcher: Watcher, events: readonly WatchedChange[], through: Revision): void {
    if (!watcher.sink.events({ revision: through, events })) watcher.paused = true;
  }

  #resume(watcher: Watcher): void {
    if (!watcher.paused || watcher.state === 'ended') return;
    watcher.paused = false;
    if (watcher.state === 'behind') {
      this.#read(watcher.request.space);
      return;
    }
    if (watcher.queue.length > 0) {
      const events = watcher.queue;
      this.#dropQueue(watcher);
      this.#send(watcher, events, this.#published[watcher.request.space]);
    }
    this.#maybeBookmark(watcher);
  }

  #maybeBookmark(watcher: Watcher): void {
    if (!watcher.wantsProgress || watcher.state !== 'synced' || watcher.paused) return;
    watcher.wantsProgress = false;
    this.#send(watcher, [], this.#published[watcher.request.space]);
  }

  #sync(watcher: Watcher): void {
    watcher.state = 'synced';
    if (this.#parts !== null) this.#late.add(watcher);
    this.#synced[watcher.request.space].add(watcher);
    this.#maybeBookmark(watcher);
  }

  #unsync(watcher: Watcher): void {
    this.#late.delete(watcher);
    this.#parts?.delete(watcher);
    this.#synced[watcher.request.space].remove(watcher);
    this.#dropQueue(watcher);
  }

  #dropQueue(watcher: Watcher): void {
    this.#queuedBytes -= watcher.queueBytes;
    watcher.queue = [];
    watcher.queueBytes = 0;
  }

  /** First revision that a synced watcher has not been given. */
  #positionOf(watcher: Watcher): Revision {
    const queued = watcher.queue[0]?.delta.revision;
    return queued ?? revision(Math.max(watcher.next, this.#published[watcher.request.space] + 1));
  }

  #fallBehind(watcher: Watcher): void {
    watcher.state = 'behind';
    const { space } = watcher.request;
    this.#behind[space].add(watcher);
    this.#read(space);
  }

  /** One reader a space, for as long as someone is behind. */
  #read(space: Space): void {
    if (this.#suspended || this.#reading.has(space)) return;
    this.#reading.add(space);
    const generation = this.#generation;
    const current = (): boolean => this.#generation === generation;
    this.#readRounds(space, current).catch((cause: unknown) => {
      // A history that was replaced under a reader may fail it.
      if (current()) this.#options.failed(cause);
    });
  }

  async #readRounds(space: Space, current: () => boolean): Promise<void> {
    const behind = this.#behind[space];
    for (;;) {
      // Lets `watch` return before anything is delivered.
      await null;
      if (!current()) return;
      for (const watcher of behind) this.#settleBehind(watcher);
      const group = [...behind].filter(isFed);
      const lead = group[0];
      if (lead === undefined) break;
      await catchUpRound(space, group, {
        source: this.#options.source,
        history: this.#options.history,
        deliver: (watcher, events, through) => this.#deliver(watcher, events, through),
        compacted: (watcher) => this.#endCompacted(watcher),
        current,
      });
      if (!current()) return;
      // Whoever led goes to the back of the line.
      if (behind.delete(lead)) behind.add(lead);
    }
    this.#reading.delete(space);
  }

  #settleBehind(watcher: Watcher): void {
    if (!isFed(watcher)) return;
    const { space } = watcher.request;
    if (watcher.next < this.#options.source.compacted(space) && mutant.active !== 'compaction-past-watcher')
      this.#endCompacted(watcher);
    else if (watcher.next > this.#published[space]) {
      this.#behind[space].delete(watcher);
      this.#sync(watcher);
    }
  }

  #deliver(watcher: Watcher, events: readonly WatchedChange[], through: Revision): void {
    watcher.next = revision(through + 1);
    if (events.length > 0) this.#send(watcher, events, through);
    this.#settleBehind(watcher);
  }

  #endCompacted(watcher: Watcher): void {
    const compacted = this.#options.source.compacted(watcher.request.space);
    this.#end(
      watcher,
      failed('revision-compacted', `revision ${watcher.next} is compacted; the oldest left is ${compacted}`),
    );
  }

  #end(watcher: Watcher, failure: FailedResult): void {
    if (watcher.state === 'ended') return;
    this.#remove(watcher);
    watcher.sink.ended(failure);
  }

  #remove(watcher: Watcher): void {
    if (watcher.state === 'synced') this.#unsync(watcher);
    else if (watcher.state === 'behind') this.#behind[watcher.request.space].delete(watcher);
    watcher.state = 'ended';
    this.#all.delete(watcher);
  }
}

/** What a watcher is to be given of one `publish`. */
interface Matched {
  readonly events: WatchedChange[];
  bytes: number;
}

function addChange(changes: Matched, delta: StateDelta, previous: boolean): void {
  changes.events.push({ delta, previous: previous ? beforeRevision(changes.events, delta) : null });
  changes.bytes += deltaBytes(delta);
}

/**
 * The key before the delta's revision, as etcd has it. That differs from the key before the delta only where a transaction both deletes and
 * puts a key.
 */
function beforeRevision(earlier: readonly WatchedChange[], delta: StateDelta): KeyValue | null {
  let previous = delta.previous ?? null;
  if (previous === null ? delta.sub === 0 : previous.modRevision < delta.revision) return previous;
  for (let i = earlier.length - 1; i >= 0 && earlier[i]?.delta.revision === delta.revision; i--)
    if (earlier[i]?.delta.key === delta.key) previous = earlier[i]?.delta.previous ?? null;
  return previous;
}

export function createWatchHub(options: WatchHubOptions): WatchHub {
  return new WatchHub(options);
}

export type { WatchSource } from './watch/catch-up.ts';
export type { WatchedChange, WatchedChanges, WatchHandle, WatchRequest, WatchSink } from './watch/watcher.ts';
export { changeBytes, deltaBytes } from './watch/watcher.ts';
