import { asError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ForcedPolicy } from '../../ports/lineage.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';

/** Makes sure that a member does not run and will not; null: it is so, else why that could not be done, or is not known. */
export type RunFence = (command: readonly string[], member: MemberFacts) => Promise<string | null>;

/**
 * Watches for the quorum's being gone. Time is handed in. Who is cut off from all others sees just what the last survivor sees, and would have a healthy
 * cluster fenced: so no hot member may answer, and another member beyond the quorum has to say the same from where it is.
 */
export class ForcedWatch {
  readonly #policy: ForcedPolicy;
  #goneSinceMs: number | null = null;

  constructor(policy: ForcedPolicy) {
    this.#policy = policy;
  }

  /** What a round of questions found. True: it is this replica's turn to go on without the quorum. */
  saw(own: MemberLineage, answers: readonly MemberLineage[], nowMs: number): boolean {
    const hot = own.members.filter(mayVote);
    const same = answers.filter(({ lineage }) => compareLineage(own.lineage, lineage) === 'same');
    const isAlive = same.some(({ id, tier }) => tier === 'hot' && hot.some((member) => member.id === id));
    const isSeen = same.some(({ quorum }) => quorum === 'seen');
    if (hot.length === 0 || isAlive || isSeen || same.length < answers.length) {
      this.#goneSinceMs = null;
      return false;
    }
    this.#goneSinceMs ??= nowMs;
    if (nowMs - this.#goneSinceMs < this.#policy.afterMs || !isBest(own, same)) return false;
    return witnessesOf(own).length === 0
      ? this.#policy.alone
      : same.some(({ quorum }) => quorum === 'gone') || mutant.active === 'forced-without-witness';
  }
}

/** Hot by the facts, or becoming it: it may have been made a voter since the last mark. */
function mayVote({ tier, wanted }: MemberFacts): boolean {
  return tier === 'hot' || (wanted === 'hot' && mutant.active !== 'forced-beside-new-hot');
}

/** Who can confirm that the hot members are gone. */
export function witnessesOf({ id, members }: Pick<MemberLineage, 'id' | 'members'>): readonly NodeId[] {
  return members.filter((member) => member.id !== id && member.tier !== 'hot').map((member) => member.id);
}

/** Warm before cold, then who has most, ties by id: of those that hear each other one acts. */
function isBest(own: MemberLineage, answers: readonly MemberLineage[]): boolean {
  const beyond = [own, ...answers.filter(({ tier }) => tier !== 'hot')];
  const [first] = beyond.sort(
    (a, b) =>
      Number(a.tier === 'cold') - Number(b.tier === 'cold') ||
      b.revision - a.revision ||
      (a.id < b.id ? -1 : 1),
  );
  return first?.id === own.id;
}

/** Every old hot member, and who was becoming one, is fenced, all at once. Those that could not be, with the reason. */
export async function fenceAll(
  { fence }: ForcedPolicy,
  own: MemberLineage,
  run: RunFence,
): Promise<readonly { readonly id: NodeId; readonly reason: string }[]> {
  const hot = own.members.filter((member) => mayVote(member) && member.id !== own.id);
  const done = await Promise.all(
    hot.map(async (member) => {
      const reason = await run(fence, member).catch((error: unknown) => asError(error).message);
      return { id: member.id, reason: mutant.active === 'failed-fence-counts' ? null : reason };
    }),
  );
  return done.flatMap(({ id, reason }) => (reason === null ? [] : [{ id, reason }]));
}
