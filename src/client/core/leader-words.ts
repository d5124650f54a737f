import type { Member, Routing } from '../../protocol/status/routing.ts';

/** What a member last said of who leads. */
interface Word {
  readonly term: number;
  readonly leads: boolean;
  /** The last term of which it said that somebody leads in it; -1: none. */
  readonly followedTerm: number;
}

/** By address. */
export type Words = ReadonlyMap<string, Word>;

export function withWord(words: Words, from: string, { term, leader }: Routing): Words {
  const before = words.get(from);
  if (before !== undefined && term < before.term) return words;
  const leads = leader !== null;
  const word = { term, leads, followedTerm: leads ? term : (before?.followedTerm ?? -1) };
  return new Map(words).set(from, word);
}

/**
 * Most of these have given up the leader of `leaderTerm`. Whoever votes a new leader in says that nobody leads until it has heard of the outcome: that
 * speaks against no leader of that term.
 */
export function mostHaveGivenUp(words: Words, members: readonly Member[], leaderTerm: number): boolean {
  const count = countOf(
    words,
    members,
    ({ term, leads, followedTerm }) =>
      !leads && (term > leaderTerm || (term === leaderTerm && followedTerm === term)),
  );
  return count * 2 > members.length;
}

/** Most of those beside the leader itself say that it leads in `leaderTerm`. */
export function mostFollow(
  words: Words,
  members: readonly Member[],
  leaderAddress: string,
  leaderTerm: number,
): boolean {
  const others = members.filter(({ clientAddress }) => clientAddress !== leaderAddress);
  return countOf(words, others, ({ term, leads }) => leads && term === leaderTerm) * 2 > others.length;
}

function countOf(words: Words, members: readonly Member[], isSo: (word: Word) => boolean): number {
  return members.filter(({ clientAddress }) => {
    const word = words.get(clientAddress);
    return word !== undefined && isSo(word);
  }).length;
}
