import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { AskedMember } from '../../ports/lineage.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Lineage } from '../../ports/replication.ts';

/** What a member that answers says of itself. */
export interface MemberAnswer {
  readonly id: NodeId;
  readonly lineage: Lineage;
  readonly tier: string;
  /** As its own log has them; empty beyond the quorum. */
  readonly voters: readonly NodeId[];
  readonly applied: number;
  /** Of the space `user`. */
  readonly revision: number;
}

/** Asks one member; null: no answer in time, or none that means anything. */
export type AskMember = (member: MemberFacts, deadlineMs: number) => Promise<MemberAnswer | null>;

const deadlineMs = 1500;

export interface Survey {
  readonly asked: readonly AskedMember[];
}

/**
 * Asks all other members at once. Errors: `quorum-alive` (a majority of the hot replicas answers: nothing is lost, and they will be able to go on),
 * `superseded` (another replica was promoted already).
 */
export async function survey(
  self: NodeId,
  own: Lineage,
  members: readonly MemberFacts[],
  ask: AskMember,
): Promise<Survey> {
  const others = members.filter(({ id }) => id !== self);
  const answers = await Promise.all(
    others.map(async (member) => ({ member, answer: await ask(member, deadlineMs).catch(() => null) })),
  );
  for (const { answer } of answers) {
    if (answer === null) continue;
    const order = compareLineage(own, answer.lineage);
    if (order !== 'newer' && order !== 'conflict') continue;
    throw new TanistError(
      'superseded',
      `${answer.id} is of cluster ${answer.lineage.clusterId}, epoch ${answer.lineage.epoch}, already: another replica was promoted. This one will follow it; nothing to do`,
    );
  }
  if (mutant.active !== 'forced-beside-quorum') refuseQuorum(self, own, members, answers);
  return {
    asked: answers.map(({ member: { id, tier }, answer }) => ({
      id,
      tier,
      answer:
        answer === null
          ? 'silent'
          : compareLineage(own, answer.lineage) === 'same'
            ? 'alive'
            : 'of-another-lineage',
      revision: answer?.revision ?? null,
    })),
  };
}

function isSame(own: Lineage, { lineage }: MemberAnswer): boolean {
  return compareLineage(own, lineage) === 'same';
}

function refuseQuorum(
  self: NodeId,
  own: Lineage,
  members: readonly MemberFacts[],
  answers: readonly { readonly member: MemberFacts; readonly answer: MemberAnswer | null }[],
): void {
  // Whoever has applied most knows best who votes; what this replica knows of it may be old.
  const best = answers
    .flatMap(({ answer }) => (answer !== null && answer.voters.length > 0 ? [answer] : []))
    .sort((a, b) => b.applied - a.applied)[0];
  const known = members.filter(({ tier }) => tier === 'hot').map(({ id }) => id);
  for (const voters of [known, best?.voters ?? []]) {
    const alive = voters.filter((id) =>
      answers.some(({ answer }) => answer?.id === id && answer.tier === 'hot' && isSame(own, answer)),
    );
    if (voters.length === 0 || alive.length <= voters.length / 2) continue;
    throw new TanistError(
      'quorum-alive',
      `${alive.length} of the ${voters.length} hot replicas answer (${alive.join(', ')}): they are a quorum, and nothing is lost. ` +
        `Use "tanist promote ${self}" to make this one hot, or "tanist transfer" to have another lead`,
    );
  }
}
