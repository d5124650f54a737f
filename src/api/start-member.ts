import { nodeInConfig } from '../node/config.ts';
import { startCold } from './replication/start-cold.ts';
import { startWarm } from './replication/start-warm.ts';
import { type RunningNode, type StartOptions, startNode } from './start-node.ts';

/** Runs what the config says that this member is: a hot node, or a replica beyond the quorum. */
export function startMember(options: StartOptions): Promise<Omit<RunningNode, 'state'>> {
  const { tier } = nodeInConfig(options.config, options.id);
  switch (tier) {
    case 'hot':
      return startNode(options);
    case 'warm':
      return startWarm(options);
    case 'cold':
      return startCold(options);
  }
}
