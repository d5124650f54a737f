import type { NodeId } from '../../foundation/ids.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import type { OtherMembers } from './runtimes.ts';

/**
 * The leader of a lineage that began with a fork tells every other member of it, again and again, until that one says that it is of this lineage: old
 * hot members may come back at any time, and must not serve then. Nothing of it is stored; a new leader begins anew.
 */
export class FencingRounds {
  readonly #others: OtherMembers;
  readonly #nodeLog: NodeLog;
  readonly #done = new Set<NodeId>();
  #of = '';

  constructor(others: OtherMembers, nodeLog: NodeLog) {
    this.#others = others;
    this.#nodeLog = nodeLog;
  }

  async round(own: MemberLineage): Promise<void> {
    if (own.forks.length === 0) return;
    const of = `${own.lineage.clusterId} ${own.leader ?? ''}`;
    if (of !== this.#of) this.#done.clear();
    this.#of = of;
    const open = own.members.filter(
      ({ id, client }) => id !== own.id && client !== '' && !this.#done.has(id),
    );
    await Promise.all(
      open.map(async (member) => {
        const answer = await this.#others.present(member, own);
        if (answer === null) return;
        const order = compareLineage(own.lineage, answer.lineage);
        if (order === 'same') this.#done.add(member.id);
        else if (order === 'conflict' || order === 'newer')
          this.#nodeLog.error('superseded', {
            member: member.id,
            cluster: answer.lineage.clusterId,
            epoch: answer.lineage.epoch,
            advice: 'two replicas were promoted from one lineage: stop the one that shall not go on',
          });
      }),
    );
  }
}
