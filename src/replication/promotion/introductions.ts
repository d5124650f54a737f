import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import type { OtherMembers } from './runtimes.ts';

const everyMs = 2000;

/**
 * The leader presents itself, now and then, to every member that it does not hear of. All whom such a member knew, by its config and by what it holds,
 * may have been replaced while it was down or cut off, and its disk may be lost: then it cannot find the cluster any more, while the cluster knows
 * where it is. It takes nothing from that but whom to ask (`Supervisor.presented`). Nothing of it is stored; a new leader begins anew.
 */
export class Introductions {
  readonly #others: OtherMembers;
  readonly #clock: Clock;
  #nextMs = 0;
  #underWay = false;

  constructor(others: OtherMembers, clock: Clock) {
    this.#others = others;
    this.#clock = clock;
  }

  /** Where it leads. Waits for nobody. */
  look(own: MemberLineage, hears: (id: NodeId) => boolean): void {
    const nowMs = this.#clock.nowMs();
    if (this.#underWay || nowMs < this.#nextMs || mutant.active === 'introduction-forgotten') return;
    this.#nextMs = nowMs + everyMs;
    const lost = own.members.filter(({ id, client }) => id !== own.id && client !== '' && !hears(id));
    if (lost.length === 0) return;
    this.#underWay = true;
    void Promise.all(lost.map((member) => this.#others.present(member, own))).then(() => {
      this.#underWay = false;
    });
  }
}
