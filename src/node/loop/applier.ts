import { present } from '../../foundation/assert.ts';
import type { LeaseId, LogIndex, Term } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import { type StateDelta, spaces } from '../../ports/delta.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import type { MemberChange } from '../../ports/membership.ts';
import { decodeBlock } from '../../protocol/session/block.ts';
import { decodeConfiguration } from '../../raft/configuration.ts';
import type { Slices } from '../../state/slices.ts';
import type { BlockResults, StateMachine } from '../../state/state-machine.ts';
import type { WatchHub } from '../../state/watch-hub.ts';
import type { ImageKeeper } from '../image/image-keeper.ts';
import { decodeMemberChange } from '../membership/member-change.ts';
import type { NodeObserver } from '../options.ts';
import type { ProposalQueue } from '../writes/proposals.ts';
import type { ClusterClock } from './cluster-clock.ts';

export interface ApplierParts {
  readonly state: StateMachine;
  readonly hub: WatchHub;
  readonly keeper: ImageKeeper;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly proposals: ProposalQueue;
  readonly membersApplied: (entry: LogEntry, change: MemberChange | null) => void;
  /** In the turn in which they were applied, like watchers; what they changed in leases, too. */
  readonly feed: (deltas: readonly StateDelta[], leases: ReadonlyMap<LeaseId, number | null>) => void;
  readonly observer: NodeObserver | undefined;
  /** An entry was applied. */
  readonly checkpoint: (index: LogIndex) => void;
  /** In one turn of the event loop at most, however quick. */
  readonly slicesPerTurn: number;
}

/** Applied in one turn of the event loop; heartbeats and votes must not wait for more. */
const turnMs = 4;

/**
 * Applies committed entries: state, then replies, then watchers, then the image's memory. An entry that takes long is applied in slices over
 * several turns; while one is under way (`underWay`) the state is not whole and nobody reads it.
 */
export class Applier {
  readonly #parts: ApplierParts;
  /** Sum of the compacted revisions; the first look counts as a change, for what a restart left undone. */
  #compacted = -1;
  #slices: Slices<BlockResults> | null = null;
  /** Applied since watchers and the image last heard of it. */
  #bytes = 0;
  #stampedIn: Term | null = null;
  /** Of the entry that is under way. */
  #notFed: (readonly StateDelta[])[] = [];

  constructor(parts: ApplierParts) {
    this.#parts = parts;
  }

  get underWay(): boolean {
    return this.#slices !== null;
  }

  /** The state was replaced: what was under way is of the one before. */
  reset(): void {
    this.#slices = null;
    this.#notFed = [];
    this.#bytes = 0;
    this.#stampedIn = null;
  }

  /**
   * Takes entries until about a block's worth was applied or the turn's time is up, so that the event loop is never held for long; says how
   * many are applied as a whole. The next call begins with the first that is not.
   */
  apply(entries: readonly LogEntry[]): number {
    const { clock, observer } = this.#parts;
    const untilMs = clock.nowMs() + turnMs;
    let bytes = 0;
    let taken = 0;
    for (const entry of entries) {
      if (taken > 0 && (bytes + entry.payload.length > limits.blockBytes || clock.nowMs() >= untilMs)) break;
      if (this.#slices === null) observer?.applying(entry);
      if (!this.#applyOne(entry, untilMs)) {
        this.#handOver();
        return taken;
      }
      this.#parts.checkpoint(entry.index);
      if (entry.kind === 'commands') this.#stampedIn = entry.term;
      bytes += entry.payload.length;
      this.#bytes += entry.payload.length;
      taken += 1;
    }
    this.#tell(present(entries[taken - 1], 'apply is called with entries'));
    return taken;
  }

  /** What was changed so far becomes what watchers and the image will need of it, while it is young and a little at a time. */
  #handOver(): void {
    const { state, hub, keeper } = this.#parts;
    const deltas = state.takeDeltas();
    this.#notFed.push(deltas);
    if (mutant.active === 'watch-half-applied') hub.publish(deltas);
    else hub.gather(deltas);
    keeper.stage(state.takeForImage());
  }

  #tell(last: LogEntry): void {
    const { state, hub, keeper, clusterClock, feed } = this.#parts;
    if (this.#stampedIn !== null) clusterClock.saw(state.timeMs, this.#stampedIn);
    const deltas = state.takeDeltas();
    hub.publish(deltas);
    feed(
      this.#notFed.length === 0 ? deltas : [...this.#notFed.splice(0), deltas].flat(),
      state.takeLeaseChanges(),
    );
    let compacted = 0;
    for (const space of spaces) compacted += state.compacted(space);
    if (compacted !== this.#compacted) keeper.historyCompacted();
    this.#compacted = compacted;
    keeper.applied({ index: last.index, term: last.term }, this.#bytes);
    this.#bytes = 0;
    this.#stampedIn = null;
  }

  /** False: the turn's time is up before it is applied as a whole. */
  #applyOne(entry: LogEntry, untilMs: number): boolean {
    const { state, proposals, observer } = this.#parts;
    const point = { index: entry.index, term: entry.term };
    switch (entry.kind) {
      case 'commands': {
        if (this.#slices === null) {
          const block = proposals.blockOf(entry) ?? decodeBlock(entry.payload);
          this.#slices = state.begin(point, observer?.spoil?.(block) ?? block);
        }
        const results = this.#run(this.#slices, untilMs);
        if (results === null) return false;
        this.#slices = null;
        proposals.applied(entry, results);
        break;
      }
      case 'configuration': {
        const change = decodeMemberChange(entry.payload);
        state.applyEmpty(point, decodeConfiguration(entry.payload), change);
        proposals.applied(entry, []);
        this.#parts.membersApplied(entry, change);
        break;
      }
      case 'noop':
        state.applyEmpty(point);
        proposals.applied(entry, []);
        break;
    }
    return true;
  }

  #run(slices: Slices<BlockResults>, untilMs: number): BlockResults | null {
    const { clock, slicesPerTurn } = this.#parts;
    for (let slice = 1; ; slice++) {
      const step = slices.next();
      if (step.done === true) return step.value;
      if (slice >= slicesPerTurn || clock.nowMs() >= untilMs) return null;
    }
  }
}
