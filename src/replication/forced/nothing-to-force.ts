import { TanistError } from '../../foundation/errors.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';

/** Why a hot member is not promoted by force, and, where it hears no leader, how to go on with what it has: a minority is not voted into being. */
export function nothingToForce({ id, leader, voters, members }: MemberLineage): TanistError {
  const why = `${id} is hot already; there is nothing to force`;
  if (leader !== null) return new TanistError('already-in-tier', why);
  const address = members.find((member) => member.id === id)?.client ?? '';
  const endpoint = address === '' ? id : address;
  return new TanistError(
    'already-in-tier',
    `${why}. It hears no leader: start again what is needed for a majority of ${voters.join(', ')}. If those are lost for good, begin a new cluster with what this one has: ` +
      `"tanist backup FILE --endpoints ${endpoint}", then "tanist restore FILE" for each node`,
  );
}
