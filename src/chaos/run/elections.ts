import type { Moment } from '../moment.ts';

export interface Election {
  readonly atMs: number;
  readonly member: string;
  readonly term: number;
  /** No fault of then or of shortly before explains it; see `isExplained`. */
  readonly isFalse: boolean;
}

/** What a fault sets off may come this much later: a node that starts, a suspicion, a hand-over that follows. */
const afterEffectMs = 3000;

/** Every term that somebody led, after the first one; each once. */
export function electionsOf(moments: readonly Moment[], voters: readonly string[]): readonly Election[] {
  const elections: Election[] = [];
  const faults = faultTimes(moments);
  let leader: { readonly member: string; readonly term: number } | null = null;
  for (const moment of moments) {
    if (moment.kind !== 'leader' || (leader !== null && moment.term <= leader.term)) continue;
    const { atMs, member, term } = moment;
    if (leader !== null) {
      const isFalse = !isExplained(moment, leader.member, faults, voters);
      elections.push({ atMs, member, term, isFalse });
    }
    leader = { member, term };
  }
  return elections;
}

/**
 * Faults of then or of shortly before took the leader, the one elected, the links between all, or together a majority: without that a leader gives up. Or a
 * voter came back, perhaps with a later term: then the leader is elected once more, and nobody else is.
 */
function isExplained(
  { atMs, member }: Pick<Election, 'atMs' | 'member'>,
  old: string,
  faults: readonly FaultTime[],
  voters: readonly string[],
): boolean {
  const near = faults.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs + afterEffectMs);
  if (near.some(({ on }) => on.length === 0 || on.includes(old) || on.includes(member))) return true;
  const touched = voters.filter((id) => near.some(({ on }) => on.includes(id)));
  if (2 * (voters.length - touched.length) <= voters.length) return true;
  const cameBack = near.some(({ on, toMs }) => toMs <= atMs && voters.some((id) => on.includes(id)));
  return member === old && cameBack;
}

interface FaultTime {
  readonly on: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

export function faultTimes(moments: readonly Moment[]): readonly FaultTime[] {
  const healedAt = new Map<number, number>();
  for (const moment of moments) if (moment.kind === 'healed') healedAt.set(moment.id, moment.atMs);
  return moments.flatMap((moment) =>
    moment.kind === 'fault'
      ? [{ on: moment.on, fromMs: moment.atMs, toMs: healedAt.get(moment.id) ?? Number.POSITIVE_INFINITY }]
      : [],
  );
}
