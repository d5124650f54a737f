import { assert } from '../foundation/assert.ts';
import { type LogIndex, logIndex } from '../foundation/ids.ts';
import type { LogPoint } from '../ports/log-store.ts';
import type { Progress } from './raft.ts';

/**
 * What the leader knows of one member and may send to it. Invariant: 0 ≤ match < next. States, as in etcd's raft:
 *   probe      where its log matches is unknown: one append at a time, until it is answered
 *   replicate  it matches: appends are sent ahead of the answers, up to the in-flight limits
 *   snapshot   what it needs is no longer in the log: nothing is sent until the snapshot is over
 */
export class PeerProgress {
  match: LogIndex = logIndex(0);
  next: LogIndex;
  state: Progress['state'] = 'probe';
  /** Heard of since the last check of the quorum. */
  recentlyActive: boolean;
  /** Probe: the one append is under way. */
  probeSent = false;
  /** Something may be sendable: set by whatever changed, cleared when the flow was filled. */
  due = true;
  /** Replicate: send an empty append, whose refusal would show that something was lost. */
  nudge = false;
  /** Since the last heartbeat tick an append was answered, or a probe went out: no sign yet that anything was lost. */
  fresh = false;
  /** The commit index last told. */
  commitSent: LogIndex = logIndex(0);
  /** A tick has passed: a newer commit index is told even if there is nothing to carry it. */
  commitDue = false;
  /** Probes at `match` that it refused one after the other. Of messages that may be duplicated or late, one alone proves nothing. */
  refusals = 0;
  /** The newest read round that it confirmed. */
  round = 0;
  /** Entries asked from the log store; the answer is used only if `next` is still where it was. */
  reading: { readonly next: LogIndex; readonly from: LogIndex } | null = null;
  /** The point before `next`, when memory does not hold its term. */
  previous: LogPoint | null = null;
  /** The snapshot that was sent whole, and ticks that are left for the member to say that it has it. */
  sentSnapshot: LogPoint | null = null;
  settleTicks = 0;
  readonly #inflight: Inflight[] = [];
  #inflightBytes = 0;

  constructor(next: LogIndex, recentlyActive: boolean) {
    this.next = next;
    this.recentlyActive = recentlyActive;
  }

  get inflightMessages(): number {
    return this.#inflight.length;
  }

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  becomeProbe(): void {
    this.#change('probe');
    this.next = logIndex(this.match + 1);
  }

  /** The connection is new: what was under way may be lost. A probe goes on where it was, as nothing better is known. */
  restart(): void {
    if (this.state === 'replicate') this.becomeProbe();
    else if (this.state === 'probe') this.#change('probe');
  }

  /** It has a snapshot up to `point`, or is still taking it over: it is asked whether what follows matches. */
  probeAfter(point: LogPoint): void {
    this.#change('probe');
    this.next = logIndex(Math.max(point.index, this.match) + 1);
    this.previous = point;
  }

  becomeReplicate(): void {
    this.#change('replicate');
    this.next = logIndex(this.match + 1);
  }

  becomeSnapshot(): void {
    this.#change('snapshot');
  }

  /** Its store is not the one that acknowledged: nothing is known of it any more. */
  forget(next: LogIndex): void {
    this.#change('probe');
    this.match = logIndex(0);
    this.next = next;
    this.round = 0;
    this.refusals = 0;
  }

  /** Entries up to `last` went out. */
  sent(last: LogIndex, bytes: number): void {
    if (this.state !== 'replicate') {
      this.probeSent = true;
      this.fresh = true;
      return;
    }
    if (last < this.next) return;
    this.next = logIndex(last + 1);
    this.#inflight.push({ last, bytes });
    this.#inflightBytes += bytes;
  }

  /** It has everything up to `index`, durably. Says whether that is news. */
  maybeMatch(index: LogIndex): boolean {
    this.refusals = 0;
    let freed = 0;
    for (const flight of this.#inflight) {
      if (flight.last > index) break;
      this.#inflightBytes -= flight.bytes;
      freed++;
    }
    if (freed > 0) this.#inflight.splice(0, freed);
    if (index <= this.match) return false;
    this.match = index;
    if (this.next <= index) this.next = logIndex(index + 1);
    return true;
  }

  /** It refused an append after `refused`. Says whether that was news; then `next` is moved back, at most to after `hint`. */
  maybeBackUp(refused: LogIndex, hint: LogIndex): boolean {
    if (this.state === 'snapshot') return false;
    if (this.state === 'replicate') {
      if (refused <= this.match || refused >= this.next) return false;
      this.becomeProbe();
      return true;
    }
    if (refused !== this.next - 1) return false;
    this.next = logIndex(Math.max(Math.min(refused, hint + 1), this.match + 1));
    this.probeSent = false;
    this.previous = null;
    this.reading = null;
    assert(this.match < this.next, 'match < next');
    return true;
  }

  /**
   * It refused an append after `match`, which it had acknowledged. True: it has lost that, beyond what a late or repeated answer could
   * explain. Otherwise the next probe waits for a heartbeat's answer.
   */
  hasLost(): boolean {
    if (this.state !== 'probe' || !this.probeSent || this.next !== this.match + 1) return false;
    this.refusals++;
    return this.refusals >= refusalsThatProve;
  }

  isFull(maxMessages: number, maxBytes: number): boolean {
    return this.#inflight.length >= maxMessages || this.#inflightBytes >= maxBytes;
  }

  #change(state: Progress['state']): void {
    this.state = state;
    this.probeSent = false;
    this.nudge = false;
    this.due = true;
    this.reading = null;
    this.previous = null;
    this.sentSnapshot = null;
    this.settleTicks = 0;
    this.#inflight.length = 0;
    this.#inflightBytes = 0;
  }
}

/** Each answers a probe of its own, a heartbeat apart; any acknowledgement in between starts anew. */
const refusalsThatProve = 3;

interface Inflight {
  readonly last: LogIndex;
  readonly bytes: number;
}
