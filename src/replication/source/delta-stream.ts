import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, type Revision, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import { type ReplicaFeed, whole } from '../../node/beyond/replica-feed.ts';
import type { Timer } from '../../ports/clock.ts';
import { bySpace, type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type {
  FollowRequest,
  Held,
  KeyRange,
  LeaseTerms,
  Mark,
  Revisions,
  StreamPart,
} from '../../ports/replication.ts';
import { warmRanges } from '../critical-ranges.ts';
import { sameRanges } from '../range-index.ts';
import type { DigestBook } from './digest-book.ts';
import { FollowedRanges } from './followed-ranges.ts';
import { heldOfLineage } from './held-of-lineage.ts';
import type { RecentDeltas } from './recent-deltas.ts';

export interface StreamTiming {
  /** Between two marks at least: what came meanwhile is told together. */
  readonly markGapMs: number;
  /** A mark so often where nothing happens: from it a follower knows how fresh it is. */
  readonly idleMs: number;
  readonly digestsEveryMs: number;
}

export const defaultStreamTiming: StreamTiming = { markGapMs: 3, idleMs: 100, digestsEveryMs: 500 };

export interface DeltaStreamParts {
  readonly feed: ReplicaFeed;
  readonly recent: RecentDeltas;
  readonly digests: DigestBook;
  readonly timing: StreamTiming;
  readonly request: FollowRequest;
  /** Of a range that is told from the beginning, in one turn. */
  readonly keysPerPiece: number;
}

/** Spaces that replicas hold. */
const heldSpaces = ['user', 'planes', 'system'] as const satisfies readonly Space[];
const leasesPerPart = 4096;
/** Of one part, about. */
const partBytes = 256 * 1024;

/**
 * One follower's stream in mode `deltas`.
 *
 * 1. Everything that is told between two marks belongs to the state of the second one, and with what was held before it is all of it: a mark is
 *    made in the turn in which all deltas up to now were taken, while no range is being scanned.
 * 2. What is not taken is not kept for this follower: it goes on from the batches that all share, or from history.
 */
export class DeltaStream {
  readonly #parts: DeltaStreamParts;
  readonly #followed: FollowedRanges;
  /** The next batch to take; null: those that are due are not kept, history has them. */
  #position: number | null = null;
  /** Every delta up to here was told, where it is wanted. */
  #sent: Record<Space, Revision>;
  #leasesTold = false;
  #membersTold = false;
  /** Policies may have changed. */
  #policiesAt = -1;
  #markedMs = Number.NEGATIVE_INFINITY;
  #digestsMs: number;
  #marked: Revisions | null = null;
  #ending: TanistError | null = null;
  #aborted = false;
  #wake: (() => void) | null = null;

  constructor(parts: DeltaStreamParts) {
    this.#parts = parts;
    this.#followed = new FollowedRanges(parts.keysPerPiece);
    this.#sent = { ...this.#revisions() };
    this.#digestsMs = parts.feed.clock.nowMs();
  }

  /** Something was applied. */
  applied(): void {
    this.#awake();
  }

  membersChanged(): void {
    this.#membersTold = false;
    this.#awake();
  }

  end(error: TanistError): void {
    this.#ending ??= error;
    this.#awake();
  }

  abort(): void {
    this.#aborted = true;
    this.#awake();
  }

  async *parts(): AsyncGenerator<StreamPart, void, undefined> {
    const { feed, timing } = this.#parts;
    if (!this.#isWhole()) await whole(feed);
    if (this.#isOver()) return;
    yield this.#begin();
    while (!this.#isOver()) {
      // Whoever takes the parts, or a timer, may go on in the middle of an entry.
      if (!this.#isWhole()) {
        await feed.nextTurn();
        continue;
      }
      if (!this.#leasesTold) {
        yield* this.#allLeases();
        continue;
      }
      const taken = this.#take();
      if (taken === null) {
        yield* this.#catchUp();
        continue;
      }
      const isScanning = this.#followed.scanning;
      for (const part of taken) {
        yield part;
        if (this.#isOver()) return;
      }
      if (isScanning) await feed.nextTurn();
      else if (taken.length > 0) await this.#wait(timing.markGapMs, false);
      else await this.#wait(this.#markedMs + timing.idleMs - feed.clock.nowMs(), true);
    }
  }

  /** An entry under way has moved revisions on already, and its deltas are not told before it is whole. */
  #isWhole(): boolean {
    return this.#parts.feed.state.whole || mutant.active === 'mark-half-applied';
  }

  /** Also throws what it is to end with. */
  #isOver(): boolean {
    if (this.#ending !== null) throw this.#ending;
    return this.#aborted;
  }

  #begin(): StreamPart {
    const { feed, recent, request } = this.#parts;
    const { state } = feed;
    const held = heldOfLineage(request.held, feed.lineage());
    const ranges = this.#rangesNow();
    this.#followed.set(ranges, held === null ? [] : this.#reachable(held));
    this.#position = recent.next;
    for (const space of heldSpaces) {
      if (held === null || !this.#followed.hasComplete(space)) continue;
      const from =
        mutant.active === 'delta-stream-resumes-late' ? held.revisions[space] + 1 : held.revisions[space];
      this.#sent[space] = revision(Math.min(from, state.revision(space)));
      if (this.#sent[space] < state.revision(space)) this.#position = null;
    }
    return { kind: 'ranges', lineage: feed.lineage(), ranges };
  }

  /** Of what is held that of which history has everything since. Fails where more is held than is here. */
  #reachable({ ranges, revisions }: Held): readonly KeyRange[] {
    const { state } = this.#parts.feed;
    const ahead = heldSpaces.find((space) => revisions[space] > state.revision(space));
    if (ahead !== undefined)
      throw new TanistError(
        'starting',
        `this node has revision ${state.revision(ahead)} of ${ahead}, the replica ${revisions[ahead]} already; ask another, or later`,
      );
    if (mutant.active === 'compaction-past-follower') return ranges;
    return ranges.filter(({ space }) => revisions[space] + 1 >= state.compacted(space));
  }

  #rangesNow(): readonly KeyRange[] {
    const { state } = this.#parts.feed;
    this.#policiesAt = state.revision('system');
    return warmRanges(state.policies());
  }

  /** Everything up to now, in one turn; empty: nothing is new. Null: it is not kept. */
  #take(): readonly StreamPart[] | null {
    const { feed, recent } = this.#parts;
    const batches = this.#position === null ? null : recent.since(this.#position);
    if (batches === null) return null;
    this.#position = recent.next;
    const parts: StreamPart[] = [];
    const leases = new Map<LeaseId, number | null>();
    let deltas: StateDelta[] = [];
    for (const batch of batches) {
      for (const delta of this.#followed.wanted(batch.deltas)) deltas.push(delta);
      for (const [id, ttlMs] of batch.leases) leases.set(id, ttlMs);
    }
    this.#sent = { ...this.#revisions() };
    for (const piece of inPieces(deltas)) parts.push({ kind: 'deltas', deltas: piece });
    deltas = [];
    if (leases.size > 0) parts.push(leaseChanges(leases));
    const changed = this.#changedRanges();
    if (changed !== null) parts.push(changed);
    if (!this.#membersTold) {
      this.#membersTold = true;
      parts.push({ kind: 'members', members: feed.members() });
    }
    if (this.#followed.scanning) {
      parts.push(...this.#followed.piece(feed.state));
      // The last piece is followed by a mark in the same turn.
      if (this.#followed.scanning) return parts;
    }
    const nowMs = feed.clock.nowMs();
    const isDue = nowMs - this.#markedMs >= this.#parts.timing.idleMs;
    if (parts.length === 0 && !isDue && this.#isMarked()) return parts;
    const mark = this.#mark(nowMs - this.#digestsMs >= this.#parts.timing.digestsEveryMs);
    this.#marking(mark);
    parts.push({ kind: 'mark', ...mark });
    return parts;
  }

  #changedRanges(): StreamPart | null {
    const { feed } = this.#parts;
    if (this.#policiesAt === feed.state.revision('system')) return null;
    const before = this.#followed.ranges;
    const ranges = this.#rangesNow();
    if (sameRanges(before, ranges)) return null;
    this.#followed.set(ranges);
    return { kind: 'ranges', lineage: feed.lineage(), ranges };
  }

  /** From history up to what is now, with a mark there. */
  async *#catchUp(): AsyncGenerator<StreamPart, void, undefined> {
    const { feed, recent } = this.#parts;
    const { history } = feed;
    const position = recent.next;
    const hasMarked = this.#marked !== null;
    const mark = this.#mark(false);
    const from = this.#sent;
    for (const space of heldSpaces) {
      if (from[space] >= mark.revisions[space]) continue;
      if (!this.#isReadable(space, from[space])) continue;
      const first = revision(from[space] + 1);
      for await (const deltas of history.deltas(space, first, mark.revisions[space])) {
        for (const piece of inPieces(this.#followed.wanted(deltas))) {
          if (this.#isOver()) return;
          yield { kind: 'deltas', deltas: piece };
        }
        if (this.#isOver()) return;
      }
      // A compaction may have overtaken the reading.
      this.#isReadable(space, from[space]);
    }
    this.#sent = { ...mark.revisions };
    this.#position = position;
    // What leases did meanwhile is not kept either.
    if (hasMarked) this.#leasesTold = false;
    if (this.#followed.scanning || !this.#leasesTold) return;
    this.#marking(mark);
    yield { kind: 'mark', ...mark };
  }

  /** Whether history has all deltas after `from`; otherwise what it is about is told from the beginning. */
  #isReadable(space: Space, from: Revision): boolean {
    const { state } = this.#parts.feed;
    if (from + 1 >= state.compacted(space) || mutant.active === 'compaction-past-follower') return true;
    this.#followed.restart(space);
    return false;
  }

  async *#allLeases(): AsyncGenerator<StreamPart, void, undefined> {
    const { state, nextTurn } = this.#parts.feed;
    let granted: LeaseTerms[] = [];
    let all = true;
    for (const id of state.leaseIds()) {
      const ttlMs = state.leaseTtlMs(id);
      if (ttlMs !== null) granted.push({ id, ttlMs });
      if (granted.length < leasesPerPart) continue;
      yield { kind: 'leases', all, granted, ended: [] };
      all = false;
      granted = [];
      await nextTurn();
      if (this.#isOver()) return;
    }
    this.#leasesTold = true;
    yield { kind: 'leases', all, granted, ended: [] };
  }

  #isMarked(): boolean {
    const marked = this.#marked;
    return marked !== null && spaces.every((space) => marked[space] === this.#sent[space]);
  }

  #marking({ revisions, digests }: Mark): void {
    this.#markedMs = this.#parts.feed.clock.nowMs();
    if (digests.length > 0) this.#digestsMs = this.#markedMs;
    this.#marked = revisions;
  }

  /** Of the state as it is now. */
  #mark(withDigests: boolean): Mark {
    const { feed, digests } = this.#parts;
    const { state } = feed;
    return {
      index: state.applied.index,
      timeMs: state.timeMs,
      revisions: this.#revisions(),
      compacted: bySpace((space) => state.compacted(space)),
      leaderRevisions: feed.leaderRevisions(),
      digests: withDigests ? digests.digests(this.#followed.ranges) : [],
    };
  }

  #revisions(): Revisions {
    return bySpace((space) => this.#parts.feed.state.revision(space));
  }

  /** `early`: ends when something was applied. */
  #wait(ms: number, early: boolean): Promise<void> {
    if (ms <= 0 || this.#aborted || this.#ending !== null) return this.#parts.feed.nextTurn();
    if (early && this.#position !== null && this.#parts.recent.next > this.#position)
      return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      const done = (): void => {
        this.#wake = null;
        timer?.cancel();
        resolve();
      };
      timer = this.#parts.feed.clock.after(ms, done);
      this.#wake = () => {
        if (early || this.#aborted || this.#ending !== null) done();
      };
    });
  }

  #awake(): void {
    this.#wake?.();
  }
}

function* inPieces(deltas: readonly StateDelta[]): Generator<readonly StateDelta[]> {
  let first = 0;
  let bytes = 0;
  for (const [i, { key, value }] of deltas.entries()) {
    bytes += key.length + value.length + 64;
    if (bytes < partBytes && i + 1 < deltas.length) continue;
    yield deltas.slice(first, i + 1);
    first = i + 1;
    bytes = 0;
  }
}

function leaseChanges(changes: ReadonlyMap<LeaseId, number | null>): StreamPart {
  const granted: LeaseTerms[] = [];
  const ended: LeaseId[] = [];
  for (const [id, ttlMs] of changes) {
    if (ttlMs === null) ended.push(id);
    else granted.push({ id, ttlMs });
  }
  return { kind: 'leases', all: false, granted, ended };
}
