import type { ConfiguredMember } from '../options.ts';
import type { ClusterConfig } from './config.ts';

/** The members, as the config describes them. */
export function configuredMembers({ nodes }: ClusterConfig): readonly ConfiguredMember[] {
  return nodes.map(({ id, client, peer, http, tier, labels, join }) => ({
    id,
    clientAddress: client,
    peerAddress: peer,
    httpAddress: http,
    tier,
    labels,
    join,
  }));
}
