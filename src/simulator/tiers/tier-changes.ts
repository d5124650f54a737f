import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { MemberInfo, MemberRequest } from '../../ports/membership.ts';
import type { Cluster } from '../cluster.ts';

/** Members are asked to be of other tiers while the cluster is at work: promoted, put in a voter's place, demoted, moved between warm and cold. */
export class TierWishes {
  readonly #cluster: Cluster;
  readonly #random: Random;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  step(): void {
    const leader = this.#cluster.leader();
    if (leader === null || leader.node === null) return;
    const members = leader.node.members();
    const request = this.#request(members);
    if (request === null) return;
    const { trace } = this.#cluster.network;
    trace.event('CHANGE', 'tier', () => `${JSON.stringify(request)} asked of ${leader.id}`);
    leader.life?.enter(() => {
      leader.node?.changeMember(request).catch((error: unknown) => {
        if (!(error instanceof TanistError)) throw error;
        trace.event('CHANGE', 'refused', () => `${error.code}: ${error.message}`);
      });
    });
  }

  #request(members: readonly MemberInfo[]): MemberRequest | null {
    const voters = members.filter(({ voter }) => voter);
    const beyond = members.filter(({ voter, learner }) => !voter && !learner);
    const roll = this.#random.below(10);
    if (roll < 4 && beyond.length > 0 && voters.length < 5)
      return { kind: 'tier', id: this.#random.pick(beyond).id, to: 'hot' };
    if (roll < 6 && beyond.length > 0) {
      const { id } = this.#random.pick(beyond);
      const replaces = this.#random.pick(voters).id;
      return this.#mayGo(voters, replaces, 0) ? { kind: 'tier', id, to: 'hot', replaces } : null;
    }
    if (roll < 8) {
      const { id } = this.#random.pick(voters);
      return this.#mayGo(voters, id, 1)
        ? { kind: 'tier', id, to: this.#random.pick(['warm', 'warm', 'cold']) }
        : null;
    }
    if (beyond.length === 0) return null;
    return { kind: 'tier', id: this.#random.pick(beyond).id, to: this.#random.pick(['warm', 'cold']) };
  }

  /** The machines that may lose their disks stay a minority. */
  #mayGo(voters: readonly MemberInfo[], id: NodeId, fewer: number): boolean {
    const { machines, plan } = this.#cluster;
    const fragile = plan.fragile.map((index) => machines[index]?.id);
    const weak = voters.filter((voter) => voter.id !== id && fragile.includes(voter.id)).length;
    const left = voters.length - fewer;
    return left >= Math.min(3, plan.nodes) && weak * 2 < left;
  }
}
