import type { NodeId } from '../../foundation/ids.ts';
import type { Links } from './links.ts';
import type { TopologyMember } from './view.ts';

/**
 * How good a set of voters is: first that a quorum survives the loss of any one place, then how far apart they are. Whoever leads: the mean over
 * them all, so that a failover alone never makes another set the better one.
 */
export interface HotSetQuality {
  /** Voters too many in one place, 0: a quorum survives the loss of any place. */
  readonly excess: number;
  /** Mean over the voters of the path to the majority that each would need as the leader, ms; null: not all is measured. */
  readonly quorumMs: number | null;
}

export function qualityOf(
  set: readonly TopologyMember[],
  links: Links,
  spread: string | null,
): HotSetQuality {
  return {
    excess: spread === null ? 0 : excessOf(set, spread),
    quorumMs: quorumMs(
      set.map(({ id }) => id),
      links,
    ),
  };
}

/** The majority's farthest member as seen from `leader`; 0 for a lone voter. */
export function majorityMs(leader: NodeId, set: readonly NodeId[], links: Links): number | null {
  const paths: number[] = [];
  for (const id of set) {
    const path = links.pathMs(leader, id);
    if (path === null) return null;
    paths.push(path);
  }
  return paths.sort((a, b) => a - b)[Math.floor(paths.length / 2)] ?? 0;
}

function quorumMs(set: readonly NodeId[], links: Links): number | null {
  let sum = 0;
  for (const id of set) {
    const path = majorityMs(id, set, links);
    if (path === null) return null;
    sum += path;
  }
  return set.length === 0 ? null : sum / set.length;
}

/** Members without the label are in one place together: nothing is known that would part them. */
function excessOf(set: readonly TopologyMember[], label: string): number {
  const counts = new Map<string, number>();
  for (const { labels } of set) {
    const place = labels[label] ?? '';
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return Math.max(0, Math.max(0, ...counts.values()) - mayBeLost(set.length));
}

/** Voters that may be lost while the others are still a majority of all. */
function mayBeLost(voters: number): number {
  return Math.floor((voters - 1) / 2);
}

/** Below 0: `a` is the better one. A distance that is not known counts as the longest. */
export function compareQuality(a: HotSetQuality, b: HotSetQuality): number {
  if (a.excess !== b.excess) return a.excess - b.excess;
  const [left, right] = [a.quorumMs ?? Number.MAX_VALUE, b.quorumMs ?? Number.MAX_VALUE];
  return left - right;
}
