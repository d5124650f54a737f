import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { FeedListener, ReplicaFeed } from '../../node/beyond/replica-feed.ts';
import type { Timer } from '../../ports/clock.ts';
import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type {
  FollowRequest,
  Held,
  Lineage,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../ports/replication.ts';
import { warmRanges } from '../critical-ranges.ts';
import { DeltaStream, defaultStreamTiming, type StreamTiming } from './delta-stream.ts';
import { DigestBook } from './digest-book.ts';
import { heldOfLineage } from './held-of-lineage.ts';
import { openMark } from './latest-parts.ts';
import { RecentDeltas } from './recent-deltas.ts';
import { keysPerTurn } from './scan-piece.ts';

/** For a quorum's word on what is committed. */
const askMs = 1000;
/** On a stream of mode `latest`, once its snapshot is told, after a report: no more often than this. */
const openMarkEveryMs = 2000;

export interface DeltaSourceOptions {
  readonly feed: ReplicaFeed;
  /** How mode `latest` is served; without, it is refused. */
  readonly latest?: (feed: ReplicaFeed, held: Held | null) => AsyncIterable<StreamPart>;
  readonly timing?: Partial<StreamTiming>;
  /** Looked at in one turn where a range is gone through; absent: about a millisecond's worth. */
  readonly keysPerPiece?: number;
}

/** What a hot node has to say to those who look for a source. `refusal` null: it feeds. */
export interface FeedOffer {
  readonly followers: number;
  readonly lineage: Lineage;
  readonly refusal: TanistError | null;
}

/** A hot node as the source of replicas beyond the quorum. Costs nothing while nobody follows. */
export class DeltaSource implements ReplicaSource {
  readonly #feed: ReplicaFeed;
  readonly #latest: DeltaSourceOptions['latest'];
  readonly #timing: StreamTiming;
  readonly #keysPerPiece: number;
  readonly #recent = new RecentDeltas(limits.replicaQueueBytes);
  readonly #digests: DigestBook;
  readonly #streams = new Map<DeltaStream, FollowRequest>();
  /** Of mode `latest`. */
  #batched = 0;
  /** By replica, whose stream of mode `latest` is open, its snapshot told: its reports are answered. */
  readonly #open = new Map<NodeId, () => void>();
  #stopListening: (() => void) | null = null;
  #policiesAt = -1;
  #scanning = false;

  constructor(options: DeltaSourceOptions) {
    this.#feed = options.feed;
    this.#latest = options.latest;
    this.#timing = { ...defaultStreamTiming, ...options.timing };
    this.#keysPerPiece = options.keysPerPiece ?? keysPerTurn;
    this.#digests = new DigestBook(options.feed.state, this.#keysPerPiece);
  }

  get id(): ReplicaFeed['id'] {
    return this.#feed.id;
  }

  /** Whom it feeds at present. */
  get followers(): number {
    return this.#streams.size + this.#batched;
  }

  offer(): FeedOffer {
    return { followers: this.followers, lineage: this.#feed.lineage(), refusal: this.#feed.refusal() };
  }

  report(status: ReplicaReport): void {
    this.#open.get(status.id)?.();
    this.#feed.reported(status);
  }

  async *follow(request: FollowRequest, signal: AbortSignal): AsyncGenerator<StreamPart, void, undefined> {
    this.#check(request);
    await this.#refuseWhatNeverWas(request);
    if (request.mode === 'latest') yield* this.#followLatest(request, signal);
    else yield* this.#followDeltas(request, signal);
  }

  #check(request: FollowRequest): void {
    const refusal = this.#feed.refusal() ?? this.#refusalOf(request);
    if (refusal !== null) throw refusal;
    if (this.followers >= limits.replicaFollowers)
      throw new TanistError('overloaded', `this node feeds ${this.followers} replicas already; ask another`);
  }

  /**
   * A replica that followed a hot node whose state was wrong may hold revisions that nobody else will ever have. Whoever lags can't tell, so what is
   * committed is asked for first.
   */
  async #refuseWhatNeverWas({ held }: FollowRequest): Promise<void> {
    const { clock, state } = this.#feed;
    const own = heldOfLineage(held, this.#feed.lineage());
    const ahead = (): Space | undefined =>
      spaces.find((space) => space !== 'predicted' && (own?.revisions[space] ?? 0) > state.revision(space));
    if (ahead() === undefined) return;
    let timer: Timer | null = null;
    const late = new Promise<boolean>((resolve) => {
      timer = clock.after(askMs, () => resolve(false));
    });
    const isKnown = await Promise.race([this.#feed.hasAllCommitted(), late]);
    (timer as Timer | null)?.cancel();
    const space = ahead();
    if (space === undefined || !isKnown || mutant.active === 'never-committed-is-lag') return;
    throw new TanistError(
      'never-committed',
      `the replica holds revision ${own?.revisions[space]} of ${space}, and all that was ever committed ends at ${state.revision(space)}: what it holds beyond is to be fetched anew`,
    );
  }

  /** Why that replica is not to be fed; null: it is. */
  #refusalOf({ replica, start, mode }: FollowRequest): TanistError | null {
    if (this.#feed.state.members.isRemoved(replica))
      return new TanistError(
        'member-removed',
        `${replica} is no member of this cluster any more, and its id is not used again`,
      );
    const tier = mode === 'deltas' ? 'warm' : 'cold';
    const member = this.#feed.members().find(({ id }) => id === replica);
    if (member === undefined)
      return new TanistError('unknown-member', `${replica} is no member of this cluster: add it first`);
    if (member.tier === tier) return start === undefined ? null : this.#feed.refusalOfStart(replica, start);
    return new TanistError('unknown-member', `${replica} is ${member.tier} in this cluster, not ${tier}`);
  }

  async *#followDeltas(
    request: FollowRequest,
    signal: AbortSignal,
  ): AsyncGenerator<StreamPart, void, undefined> {
    this.#listen();
    const stream = new DeltaStream({
      feed: this.#feed,
      recent: this.#recent,
      digests: this.#digests,
      timing: this.#timing,
      request,
      keysPerPiece: this.#keysPerPiece,
    });
    const abort = (): void => stream.abort();
    this.#streams.set(stream, request);
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (!signal.aborted) yield* stream.parts();
    } finally {
      signal.removeEventListener('abort', abort);
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#rest();
    }
  }

  async *#followLatest(
    request: FollowRequest,
    signal: AbortSignal,
  ): AsyncGenerator<StreamPart, void, undefined> {
    if (this.#latest === undefined)
      throw new TanistError('unavailable', 'this version feeds warm replicas only');
    let gone: TanistError | null = null;
    let end: { readonly error: TanistError | null } | null = null;
    let wake = (): void => {};
    let reported: (() => void) | null = null;
    const over = (error: TanistError | null): void => {
      end ??= { error };
      wake();
    };
    const aborted = (): void => over(null);
    signal.addEventListener('abort', aborted, { once: true });
    const stopListening = this.#feed.listen({
      applied: () => {},
      membersChanged: () => {
        gone ??= this.#refusalOf(request);
        if (gone !== null) over(gone);
      },
      ended: () => {
        gone = this.#feed.refusal() ?? takenOver();
        over(gone);
      },
    });
    this.#batched += 1;
    try {
      for await (const part of this.#latest(this.#feed, request.held)) {
        if (signal.aborted) return;
        const refusal = gone ?? this.#feed.refusal();
        if (refusal !== null) throw refusal;
        yield part;
      }
      // The stream stays open for what the replica says of itself, for how far the leader is, and so that each hears when the other one goes.
      let markedMs = this.#feed.clock.nowMs();
      let isDue = false;
      reported = () => {
        isDue = this.#feed.clock.nowMs() - markedMs >= openMarkEveryMs;
        if (isDue) wake();
      };
      this.#open.set(request.replica, reported);
      while (end === null && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (end !== null || !isDue) continue;
        isDue = false;
        markedMs = this.#feed.clock.nowMs();
        yield openMark(this.#feed);
      }
      const error = (end as { readonly error: TanistError | null } | null)?.error ?? null;
      if (error !== null) throw error;
    } finally {
      this.#batched -= 1;
      if (this.#open.get(request.replica) === reported) this.#open.delete(request.replica);
      stopListening();
      signal.removeEventListener('abort', aborted);
    }
  }

  #listen(): void {
    if (this.#stopListening !== null) return;
    const listener: FeedListener = {
      applied: (deltas, leases) => {
        this.#recent.add({ deltas, leases });
        this.#applied(deltas);
        for (const stream of this.#streams.keys()) stream.applied();
      },
      membersChanged: () => {
        for (const [stream, request] of this.#streams) {
          const refusal = this.#refusalOf(request);
          if (refusal === null) stream.membersChanged();
          else stream.end(refusal);
        }
      },
      ended: () => this.#end(),
    };
    this.#stopListening = this.#feed.listen(listener);
    this.#digests.setRanges(this.#rangesNow());
    this.#scan();
  }

  #applied(deltas: readonly StateDelta[]): void {
    this.#digests.applied(deltas);
    if (this.#policiesAt === this.#feed.state.revision('system')) return;
    this.#digests.setRanges(this.#rangesNow());
    this.#scan();
  }

  #rangesNow(): ReturnType<typeof warmRanges> {
    const { state } = this.#feed;
    this.#policiesAt = state.revision('system');
    return warmRanges(state.policies());
  }

  /** In pieces, one a turn. */
  #scan(): void {
    if (this.#scanning) return;
    this.#scanning = true;
    const step = (): void => {
      if (this.#stopListening === null || !this.#digests.scan()) this.#scanning = false;
      else void this.#feed.nextTurn().then(step);
    };
    void this.#feed.nextTurn().then(step);
  }

  /** The state is replaced, or the node stops. */
  #end(): void {
    const error = this.#feed.refusal() ?? takenOver();
    for (const stream of this.#streams.keys()) stream.end(error);
    this.#rest();
  }

  /** Nobody follows: nothing is gathered. */
  #rest(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    this.#recent.clear();
    this.#digests.setRanges([]);
  }
}

function takenOver(): TanistError {
  return new TanistError('starting', 'this node takes a snapshot over; ask another, or try again');
}
