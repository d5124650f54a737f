import type { NodeId } from '../../foundation/ids.ts';
import type { OutgoingImage } from '../../node/image/image-outlet.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held, Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import type { HeldContent } from '../forced/held-content.ts';
import type { IncomingImage, PinnedValues } from './image-source.ts';

/** What runs on a member's ports at present. */
export type MemberRuntime = HotRuntime | BeyondRuntime;

export interface HotRuntime {
  readonly kind: 'hot';
  said(): MemberLineage;
  /** It votes or learns, by its own log. */
  isMember(): boolean;
  /** Of the last entry of its log. */
  lastIndex(): number;
  /** Since it heard its leader, in ms; 0 where it leads. */
  silentMs(): number;
  /** Where it leads: whether that member was heard lately, as a peer, or by whoever feeds it. */
  hears(id: NodeId): boolean;
  /** Without what is `held`, by a replica of its lineage; null: the whole. */
  image(held: Held | null): Promise<OutgoingImage>;
  /** Without `gracefully` it serves nothing from now on, and hands over to nobody. */
  stop(gracefully: boolean): Promise<void>;
}

export interface BeyondRuntime {
  readonly kind: 'beyond';
  said(): MemberLineage;
  /** Where hot nodes of its lineage are, for one that cannot know it by itself. */
  sources(members: readonly MemberFacts[]): void;
  /** It holds all that its tier is to hold, as of some mark. */
  isWhole(): boolean;
  /** What it holds of values, as of its newest mark, while it goes on; null: not to be had at once. The last one pinned counts. */
  pin(): Promise<PinnedValues | null>;
  /** What it holds; it takes nothing more until `resume`. Null: nothing whole yet. */
  pause(): Promise<HeldContent | null>;
  resume(): void;
  stop(): Promise<void>;
}

/** Other members, as they are reached. None of these fails for want of an answer: null. */
export interface OtherMembers {
  ask(member: MemberFacts, deadlineMs: number): Promise<MemberLineage | null>;
  /** Tells it who asks: it goes over to a newer lineage, or learns whom it may follow. */
  present(member: MemberFacts, own: MemberLineage): Promise<MemberLineage | null>;
  /** Without what is `held`, where the source knows how. Fails with what the source says. */
  image(member: MemberFacts, self: NodeId, held: Held | null, signal: AbortSignal): Promise<IncomingImage>;
}

export interface RuntimeStarts {
  /** With the databases of a hot node, or none. */
  hot(lineage: Lineage | null): Promise<HotRuntime>;
  /** `lineage`: the only one that it follows; null: whichever it finds. */
  beyond(tier: Exclude<Tier, 'hot'>, lineage: Lineage | null): Promise<BeyondRuntime>;
  /** Removes the databases of a tier that this member is not any more. */
  discardBeyond(tier: Exclude<Tier, 'hot'>): Promise<void>;
}
