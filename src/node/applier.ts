import { present } from '../foundation/assert.ts';
import type { LeaseId, LogIndex, Term } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import { type StateDelta, spaces } from '../ports/delta.ts';
import type { LogEntry } from '../ports/log-store.ts';
import type { MemberChange } from '../ports/membership.ts';
import { decodeBlock } from '../protocol/block.ts';
import { decodeConfiguration } from '../raft/configuration.ts';
import type { StateMachine } from '../state/state-machine.ts';
import type { WatchHub } from '../state/watch-hub.ts';
import type { ClusterClock } from './cluster-clock.ts';
import type { ImageKeeper } from './image-keeper.ts';
import { decodeMemberChange } from './membership/member-change.ts';
import type { NodeObserver } from './options.ts';
import type { ProposalQueue } from './proposals.ts';

export interface ApplierParts {
  readonly state: StateMachine;
  readonly hub: WatchHub;
  readonly keeper: ImageKeeper;
  readonly clusterClock: ClusterClock;
  readonly proposals: ProposalQueue;
  readonly membersApplied: (entry: LogEntry, change: MemberChange | null) => void;
  /** In the turn in which they were applied, like watchers; what they changed in leases, too. */
  readonly feed: (deltas: readonly StateDelta[], leases: ReadonlyMap<LeaseId, number | null>) => void;
  readonly observer: NodeObserver | undefined;
  /** An entry was applied. */
  readonly checkpoint: (index: LogIndex) => void;
}

/** Applies committed entries: state, then replies, then watchers, then the image's memory. */
export class Applier {
  readonly #parts: ApplierParts;
  /** Sum of the compacted revisions; the first look counts as a change, for what a restart left undone. */
  #compacted = -1;

  constructor(parts: ApplierParts) {
    this.#parts = parts;
  }

  /** Takes entries until about a block's worth was applied, so that the event loop is never held for long; says how many. */
  apply(entries: readonly LogEntry[]): number {
    const { state, hub, keeper, clusterClock, feed, observer } = this.#parts;
    let bytes = 0;
    let taken = 0;
    let stampedIn: Term | null = null;
    for (const entry of entries) {
      if (taken > 0 && bytes + entry.payload.length > limits.blockBytes) break;
      observer?.applying(entry);
      this.#applyOne(entry);
      this.#parts.checkpoint(entry.index);
      if (entry.kind === 'commands') stampedIn = entry.term;
      bytes += entry.payload.length;
      taken += 1;
    }
    const last = present(entries[taken - 1], 'apply is called with entries');
    if (stampedIn !== null) clusterClock.saw(state.timeMs, stampedIn);
    const deltas = state.takeDeltas();
    hub.publish(deltas);
    feed(deltas, state.takeLeaseChanges());
    let compacted = 0;
    for (const space of spaces) compacted += state.compacted(space);
    if (compacted !== this.#compacted) keeper.historyCompacted();
    this.#compacted = compacted;
    keeper.applied({ index: last.index, term: last.term }, bytes);
    return taken;
  }

  #applyOne(entry: LogEntry): void {
    const { state, proposals, observer } = this.#parts;
    const point = { index: entry.index, term: entry.term };
    switch (entry.kind) {
      case 'commands': {
        const block = proposals.blockOf(entry) ?? decodeBlock(entry.payload);
        proposals.applied(entry, state.apply(point, observer?.spoil?.(block) ?? block));
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
  }
}
