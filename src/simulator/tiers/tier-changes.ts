import type { NodeId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { TanistNode } from '../../node/node.ts';
import type { MemberInfo, MemberRequest } from '../../ports/membership.ts';
import { askMemberChange } from '../ask-member-change.ts';
import type { Cluster } from '../cluster.ts';

/** Members are asked to be of other tiers while the cluster is at work: promoted, put in a voter's place, demoted, moved between warm and cold. */
export class TierWishes {
  readonly #cluster: Cluster;
  readonly #random: Random;
  /** Who has yet to answer: what waits there is judged by the members as they are, and is planned on what they are by then. */
  #asked: TanistNode | null = null;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  step(): void {
    const leader = this.#cluster.leader();
    const node = leader?.node ?? null;
    if (leader === null || node === null || node === this.#asked) return;
    const request = this.#request(node.members(), node.raftStatus.configuration.voters);
    if (request === null) return;
    this.#asked = node;
    askMemberChange(this.#cluster.network.trace, leader, request, () => {
      if (this.#asked === node) this.#asked = null;
    });
  }

  /** `voters`: of the newest configuration, so that who is leaving in a joint one is not counted. */
  #request(members: readonly MemberInfo[], voters: readonly NodeId[]): MemberRequest | null {
    const beyond = members.filter(({ voter, learner }) => !voter && !learner);
    const coming = members.filter(({ wanted }) => wanted === 'hot').map(({ id }) => id);
    const roll = this.#random.below(10);
    if (roll < 4 && beyond.length > 0 && voters.length < 5) {
      const { id } = this.#random.pick(beyond);
      return this.#isSafe(voters, [...coming, id]) ? { kind: 'tier', id, to: 'hot' } : null;
    }
    if (roll < 6 && beyond.length > 0) {
      const { id } = this.#random.pick(beyond);
      const replaces = this.#random.pick(voters);
      return this.#isSafe([...without(voters, replaces), id], coming)
        ? { kind: 'tier', id, to: 'hot', replaces }
        : null;
    }
    if (roll < 8) {
      const id = this.#random.pick(voters);
      return this.#isSafe(without(voters, id), coming)
        ? { kind: 'tier', id, to: this.#random.pick(['warm', 'warm', 'cold']) }
        : null;
    }
    if (beyond.length === 0) return null;
    return { kind: 'tier', id: this.#random.pick(beyond).id, to: this.#random.pick(['warm', 'cold']) };
  }

  /** The machines that may lose their disks stay a minority, in whatever order members come and go. */
  #isSafe(left: readonly NodeId[], coming: readonly NodeId[]): boolean {
    const { machines, plan } = this.#cluster;
    const fragile = plan.fragile.map((index) => machines[index]?.id);
    const weak = new Set([...left, ...coming].filter((id) => fragile.includes(id))).size;
    return left.length >= Math.min(3, plan.nodes) && weak * 2 < left.length;
  }
}

function without(voters: readonly NodeId[], id: NodeId): readonly NodeId[] {
  return voters.filter((voter) => voter !== id);
}
