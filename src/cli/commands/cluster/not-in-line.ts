import type { ScoreTerm } from '../../../protocol/status/score-term.ts';
import type { MemberStatus, Status } from '../../../protocol/status/status.ts';
import type { TiersReply } from '../../../protocol/status/tiers.ts';

/** A member that would not take over, and what its score is made of. */
export interface NotInLine {
  readonly id: string;
  readonly why: string;
  readonly score: number;
  readonly terms: readonly ScoreTerm[];
}

/**
 * Everybody but the leader and its heirs, best score first. `tiers` knows the scores of replicas beyond the quorum, by which a lost voter is replaced; null: not
 * to be had.
 */
export function notInLine(
  { leader, succession, members }: Pick<Status, 'leader' | 'succession' | 'members'>,
  tiers: Pick<TiersReply, 'members'> | null,
): readonly NotInLine[] {
  return members
    .filter(({ member: { id } }) => id !== leader && !succession.includes(id))
    .map((status) => {
      const { id } = status.member;
      const beyond = tiers?.members.find((one) => one.status.id === id && !one.voter);
      const { score, scoreTerms: terms } = beyond ?? status;
      return { id, why: whyNot(status), score, terms };
    })
    .toSorted((left, right) => right.score - left.score);
}

function whyNot({ member: { tier }, role, health }: MemberStatus): string {
  if (tier !== 'hot') return `${tier}: it does not vote, and may replace a voter that is lost`;
  if (role === 'learner') return 'it learns, and does not vote yet';
  if (health !== 'healthy') return health;
  return role === 'unreachable' ? role : 'not ranked yet';
}
