import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import type { ErrorCode } from '../../foundation/errors.ts';
import { clusterTimeMs, noLease, type Revision, revision } from '../../foundation/ids.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { KeyRange, Revisions } from '../../ports/replication.ts';
import type { WatchedChange, WatchHandle, WatchRequest, WatchSink } from '../../state/watch/watcher.ts';
import { covers, RangeIndex } from '../range-index.ts';
import type { HeldRange } from './held-range.ts';

type Changes = ReadonlyMap<ByteString, KeyValue | null>;

interface Watcher {
  readonly request: WatchRequest;
  readonly sink: WatchSink;
  readonly held: HeldRange;
  /** What came while the sink took no more; null: it takes. */
  waiting: Map<ByteString, StateDelta> | null;
}

/** All of them hear of every mark in one turn. Who finds no room here watches at a hot one. */
const mostWatches = 1024;

/**
 * Watches of what is held, from the present on. With each mark they hear of every key that changed since the last one its latest value, or that it is gone
 * (as of the mark: by when exactly is not kept), and how far the mark goes, also where nothing changed. Who watches what is held no more, or is told anew
 * from the beginning, is told to ask again.
 */
export class WarmWatches {
  readonly #watchers = new Set<Watcher>();
  readonly #most: number;
  #index = new RangeIndex<HeldRange>([]);

  constructor(most: number = mostWatches) {
    this.#most = most;
  }

  get count(): number {
    return this.#watchers.size;
  }

  setRanges(ranges: readonly HeldRange[]): void {
    this.#index = new RangeIndex(ranges);
    for (const watcher of [...this.#watchers])
      if (!ranges.includes(watcher.held))
        this.#end(watcher, 'not-held', 'what is held here begins anew: read it again, then watch');
  }

  /** The sink hears nothing before this has returned, then how far what is held goes. Ends as `not-held`, `too-many-watchers`, `stopping`. */
  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    const held = this.#index.covering(request);
    const failure = this.#failureOf(request, held);
    if (held === undefined || failure !== null) {
      const { code, message } = failure ?? notHeld;
      let cancelled = false;
      queueMicrotask(() => {
        if (!cancelled) sink.ended({ kind: 'failed', code, message });
      });
      return {
        cancel: () => {
          cancelled = true;
        },
        resume: () => {},
        requestProgress: () => {},
      };
    }
    const watcher: Watcher = { request, sink, held, waiting: null };
    this.#watchers.add(watcher);
    const bookmark = (): void => this.#offer(watcher, [], held.readRevision);
    queueMicrotask(bookmark);
    return {
      cancel: () => void this.#watchers.delete(watcher),
      resume: () => {
        if (watcher.waiting === null) return;
        const waited = [...watcher.waiting.values()];
        watcher.waiting = null;
        this.#offer(watcher, waited, held.readRevision);
      },
      requestProgress: bookmark,
    };
  }

  /** A mark was taken over. */
  marked(changes: ReadonlyMap<HeldRange, Changes>, at: Revisions, before: Revisions | null): void {
    /** Of each range that is watched, however many watch it. */
    const known = new Map<string, readonly StateDelta[]>();
    for (const watcher of [...this.#watchers]) {
      const { space, key, rangeEnd } = watcher.request;
      if (at[space] === before?.[space]) continue;
      const name = `${space} ${key.length} ${key}${rangeEnd}`;
      const deltas = known.get(name) ?? changed(watcher.request, changes.get(watcher.held), at[space]);
      known.set(name, deltas);
      this.#offer(watcher, deltas, at[space]);
    }
  }

  close(): void {
    for (const watcher of [...this.#watchers])
      this.#end(watcher, 'stopping', 'this replica stops; ask another');
  }

  #failureOf(request: WatchRequest, held: HeldRange | undefined) {
    if (this.#watchers.size >= this.#most)
      return {
        code: 'too-many-watchers' as const,
        message: `${this.#most} watchers exist; end some first`,
      };
    // Deletions are not kept: what came before the present is in the values alone.
    if (held !== undefined && request.fromRevision !== 0 && request.fromRevision <= held.readRevision)
      return {
        code: 'not-held' as const,
        message: 'this replica holds the latest values only: read them, and watch from the present on',
      };
    return null;
  }

  #offer(watcher: Watcher, deltas: readonly StateDelta[], through: Revision): void {
    if (!this.#watchers.has(watcher)) return;
    if (watcher.waiting !== null) {
      for (const delta of deltas) watcher.waiting.set(delta.key, delta);
      return;
    }
    const events: WatchedChange[] = deltas
      .filter((delta) => delta.revision >= watcher.request.fromRevision)
      .sort((a, b) => a.revision - b.revision)
      .map((delta) => ({ delta, previous: null }));
    if (!watcher.sink.events({ revision: through, events })) watcher.waiting = new Map();
  }

  #end(watcher: Watcher, code: ErrorCode, message: string): void {
    if (this.#watchers.delete(watcher)) watcher.sink.ended({ kind: 'failed', code, message });
  }
}

const notHeld = {
  code: 'not-held' as const,
  message:
    'this replica does not hold all of that range: watch it at a hot one, or make its prefix critical by policy',
};

function changed({ space, key, rangeEnd }: KeyRange, changes: Changes | undefined, at: Revision) {
  if (changes === undefined) return [];
  if (rangeEnd === '') {
    const value = changes.get(key);
    return value === undefined ? [] : [deltaOf(space, key, value, at)];
  }
  const range = { space, key, rangeEnd };
  const deltas: StateDelta[] = [];
  for (const [each, value] of changes)
    if (covers(range, { space, key: each, rangeEnd: emptyBytes }))
      deltas.push(deltaOf(space, each, value, at));
  return deltas;
}

function deltaOf(space: Space, key: ByteString, value: KeyValue | null, at: Revision): StateDelta {
  const common = { epoch: 0, sub: 0, timeMs: clusterTimeMs(0), space, key };
  if (value === null)
    return {
      ...common,
      op: 'delete',
      revision: at,
      value: emptyBytes,
      lease: noLease,
      createRevision: revision(0),
      version: 0,
    };
  return {
    ...common,
    op: 'put',
    revision: value.modRevision,
    value: value.value,
    lease: value.lease,
    createRevision: value.createRevision,
    version: value.version,
  };
}
