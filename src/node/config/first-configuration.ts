import type { NodeId } from '../../foundation/ids.ts';
import type { Configuration } from '../../ports/log-store.ts';

/** What a new cluster starts with: every member that the config calls hot votes, but for one that joins a cluster which is already there. */
export function firstConfiguration(
  members: readonly { readonly id: NodeId; readonly tier: string; readonly join?: boolean }[],
): Configuration {
  return {
    voters: members.filter(({ tier, join }) => tier === 'hot' && join !== true).map(({ id }) => id),
    outgoing: [],
    learners: [],
  };
}
