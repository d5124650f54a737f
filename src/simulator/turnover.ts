import type { Random } from '../foundation/random.ts';
import type { TanistNode } from '../node/node.ts';
import type { MemberRequest } from '../ports/membership.ts';
import { askMemberChange } from './ask-member-change.ts';
import type { Cluster } from './cluster.ts';
import { factsOfMachine, type Machine } from './machine.ts';

/**
 * Fresh machines join while the cluster is at work, learn, vote, and take the place of old ones, which are removed: one step now and then, asked
 * of whoever leads. Refused at most of the time that something else is under way: then it is tried again with the next.
 */
export class Turnover {
  readonly #cluster: Cluster;
  readonly #random: Random;
  /** Who has yet to answer: two removals at once would be judged by the same members. */
  #removing: TanistNode | null = null;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  step(): void {
    const { machines, plan } = this.#cluster;
    const leader = this.#cluster.leader();
    if (leader === null || leader.node === null) return;
    const members = leader.node.members();
    const isMember = (machine: Machine): boolean => members.some(({ id }) => id === machine.id);
    const isVoting = (machine: Machine): boolean =>
      members.some(({ id, voter, learner }) => id === machine.id && (voter || learner));
    const fresh = machines.slice(plan.nodes, plan.nodes + plan.turnover.joiners);
    const removed = (machine: Machine): boolean => this.#cluster.removals.has(machine.id);
    const joining = fresh.find((machine) => !isMember(machine) && !removed(machine));
    const learner = members.find((member) => member.learner);
    const voters = leader.node.raftStatus.configuration.voters.length;
    const leaving = machines.filter((machine) => isVoting(machine) && !removed(machine));
    if (joining !== undefined && this.#random.chance(0.5)) {
      joining.idle = false;
      joining.start();
      this.#ask(leader, {
        kind: 'add',
        facts: factsOfMachine(joining.id),
        voter: this.#random.chance(0.3),
      });
    } else if (learner !== undefined && this.#random.chance(0.7)) {
      this.#ask(leader, { kind: 'promote', id: learner.id });
    } else if (leader.node === this.#removing) {
      return;
    } else if (voters > plan.nodes && leaving.length > 0) {
      // Never fewer voters than there were: so the machines that may lose their disks stay a minority.
      const { id } = this.#random.pick(leaving);
      this.#cluster.removals.add(id);
      this.#ask(leader, { kind: 'remove', id });
    } else {
      this.#askBack(leader, isMember);
      const again = machines.find((machine) => removed(machine) && isMember(machine));
      if (again !== undefined && voters > plan.nodes) this.#ask(leader, { kind: 'remove', id: again.id });
    }
  }

  /** Who was removed is not to be taken back: this must be refused. */
  #askBack(leader: Machine, isMember: (machine: Machine) => boolean): void {
    const { machines, removals } = this.#cluster;
    const gone = machines.find((machine) => removals.has(machine.id) && !isMember(machine));
    if (gone !== undefined) this.#ask(leader, { kind: 'add', facts: factsOfMachine(gone.id), voter: false });
  }

  #ask(leader: Machine, request: MemberRequest): void {
    const { node } = leader;
    if (request.kind === 'remove') this.#removing = node;
    askMemberChange(this.#cluster.network.trace, leader, request, () => {
      if (request.kind === 'remove' && this.#removing === node) this.#removing = null;
    });
  }
}
