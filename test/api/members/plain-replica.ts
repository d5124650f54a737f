import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { BeyondTiers } from '../../../src/api/beyond-tiers.ts';
import { otherMembers } from '../../../src/api/other-members.ts';
import { addPromotionService } from '../../../src/api/promotion-service.ts';
import { factsOfConfigured } from '../../../src/node/membership/plan-change.ts';
import type { MemberLineage } from '../../../src/protocol/promotion.ts';

/** A replica that follows who the members are and holds nothing: what a member's role needs, without the rest. */
export const plainReplica: BeyondTiers = {
  discard: async (tier, disk) => disk.remove(tier),
  start: async ({ config, self, tier, lineage, listen, face }) => {
    const server = new Server();
    addPromotionService(server, face);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(listen.client, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    let said: MemberLineage = {
      id: self,
      lineage: lineage ?? { clusterId: '', epoch: 0 },
      tier,
      leader: null,
      voters: [],
      applied: 0,
      revision: 0,
      members: [],
      forks: [],
    };
    let open = true;
    const follow = async (): Promise<void> => {
      while (open) {
        for (const node of config.nodes) {
          if (node.id === self) continue;
          const facts = factsOfConfigured({
            ...node,
            clientAddress: node.client,
            peerAddress: node.peer,
            httpAddress: node.http,
          });
          const answer = await otherMembers.ask(facts, 500);
          if (answer === null || answer.tier !== 'hot') continue;
          if (lineage !== null && answer.lineage.clusterId !== lineage.clusterId) continue;
          const { lineage: of, leader, applied, revision, members, forks } = answer;
          said = { ...said, lineage: of, leader, applied, revision, members, forks };
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    void follow();
    return {
      addresses: { client: `127.0.0.1:${port}`, http: listen.http },
      runtime: {
        kind: 'beyond',
        said: () => said,
        sources: () => {},
        isWhole: () => said.members.length > 0,
        pause: async () => null,
        resume: () => {},
        stop: async () => {
          open = false;
          server.forceShutdown();
        },
      },
    };
  },
};
