import type { NodeId } from '../../foundation/ids.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import type { HeldContent } from '../forced/held-content.ts';
import type { PinnedValues } from './image-source.ts';
import type { BeyondRuntime } from './runtimes.ts';

/** A replica beyond the quorum, whichever its tier. */
export interface BeyondReplica {
  said(leader: NodeId | null): MemberLineage;
  /** As of its newest mark; none before the first. */
  members(): readonly MemberFacts[];
  /** It holds all that its tier is to hold, as of some mark. */
  isWhole(): boolean;
  /** While paused. Null: nothing whole yet. */
  content(): HeldContent | null | Promise<HeldContent | null>;
  /** See `BeyondRuntime.pin`. */
  pin(): Promise<PinnedValues | null>;
  start(): void;
  /** Takes nothing more until `resume`; when it resolves what is held stands still. Errors: `disk-full`: what it took waits for room. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/** What runs around a replica: where its sources are, who leads. */
export interface BeyondSurroundings {
  readonly leader: () => NodeId | null;
  readonly sources: (members: readonly MemberFacts[]) => void;
  readonly stop: () => Promise<void>;
}

export function beyondRuntime(replica: BeyondReplica, around: BeyondSurroundings): BeyondRuntime {
  return {
    kind: 'beyond',
    said: () => replica.said(around.leader()),
    sources: around.sources,
    isWhole: () => replica.isWhole(),
    pin: () => replica.pin(),
    pause: async () => {
      await replica.pause();
      return replica.content();
    },
    resume: () => replica.resume(),
    stop: around.stop,
  };
}

/** Which lineage may be followed: `only` where it is set, else that of what is held, else any. */
export function follows(only: Lineage | null, held: () => Lineage | undefined): (found: Lineage) => boolean {
  return (found) => compareLineage(only ?? held() ?? found, found) === 'same';
}

/** What a replica beyond the quorum says of itself, as of its newest mark or snapshot; null: it has none. */
export function saidBeyond(
  self: NodeId,
  tier: 'warm' | 'cold',
  leader: NodeId | null,
  newest: {
    readonly lineage: Lineage;
    readonly index: number;
    readonly revisions: { readonly user: number };
  } | null,
  known: { readonly members: readonly MemberFacts[]; readonly forks: MemberLineage['forks'] },
): MemberLineage {
  return {
    id: self,
    lineage: newest?.lineage ?? { clusterId: '', epoch: 0 },
    tier,
    leader,
    voters: [],
    applied: newest?.index ?? 0,
    revision: newest?.revisions.user ?? 0,
    members: known.members.map((facts) => ({ ...facts, voter: false, learner: false })),
    forks: known.forks,
  };
}
