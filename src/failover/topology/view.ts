import type { NodeId } from '../../foundation/ids.ts';
import type { Tier } from '../../ports/tier.ts';
import type { Links } from './links.ts';

/** A member as the leader sees it at the moment of a decision. */
export interface TopologyMember {
  readonly id: NodeId;
  readonly tier: Tier;
  /** A hot member without a vote learns; an operator lets it vote, unless it is `wanted`. */
  readonly voter: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** It is on its way to hot: the change is in the facts and not finished. */
  readonly wanted: 'hot' | null;
  /** With `wanted`: the voter whose place it takes. */
  readonly replaces: NodeId | null;
  readonly presence: { readonly kind: 'alive' | 'lost'; readonly forMs: number };
  /** Why it must not be given more to do: doubt, quarantine, damage. Null: fine. */
  readonly trouble: string | null;
  /** How fit it is, 0 to 1 (`score.ts`). */
  readonly score: number;
}

/** All that a decision depends on. */
export interface TopologyView {
  readonly leader: NodeId;
  readonly members: readonly TopologyMember[];
  readonly links: Links;
}

/** One change of one place, as `TierChanges` performs it. */
export type TierChange =
  | { readonly kind: 'promote'; readonly id: NodeId }
  | { readonly kind: 'demote' | 'retier'; readonly id: NodeId; readonly to: 'warm' | 'cold' }
  | { readonly kind: 'replace'; readonly lost: NodeId; readonly by: NodeId };

export function voters({ members }: TopologyView): readonly TopologyMember[] {
  return members.filter(({ tier, voter }) => tier === 'hot' && voter);
}

export function beyondQuorum({ members }: TopologyView): readonly TopologyMember[] {
  return members.filter(({ tier }) => tier !== 'hot');
}

/** What the members are once the change is whole. */
export function changed(view: TopologyView, change: TierChange): TopologyView {
  const become = (id: NodeId, tier: Tier): TopologyView['members'] =>
    view.members.map((member) =>
      member.id === id ? { ...member, tier, voter: tier === 'hot', wanted: null, replaces: null } : member,
    );
  switch (change.kind) {
    case 'promote':
      return { ...view, members: become(change.id, 'hot') };
    case 'demote':
    case 'retier':
      return { ...view, members: become(change.id, change.to) };
    case 'replace': {
      const members = become(change.by, 'hot');
      return changed({ ...view, members }, { kind: 'demote', id: change.lost, to: 'warm' });
    }
  }
}

export function changeText(change: TierChange): string {
  switch (change.kind) {
    case 'promote':
      return `${change.id} → hot`;
    case 'demote':
    case 'retier':
      return `${change.id} → ${change.to}`;
    case 'replace':
      return `${change.by} → hot, in the place of ${change.lost} → warm`;
  }
}
