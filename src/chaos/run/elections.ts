import type { Moment } from '../moment.ts';

export interface Election {
  readonly atMs: number;
  readonly member: string;
  readonly term: number;
  /** No fault of then or of shortly before touched the leader, a majority, or the links between all. */
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
      const old = leader.member;
      const explained = faults.some(
        (fault) =>
          fault.fromMs <= atMs &&
          atMs <= fault.toMs + afterEffectMs &&
          (fault.on.length === 0 ||
            fault.on.includes(old) ||
            fault.on.includes(member) ||
            tookMajority(fault.on, voters)),
      );
      elections.push({ atMs, member, term, isFalse: !explained });
    }
    leader = { member, term };
  }
  return elections;
}

/** A leader without a majority gives up, wherever it is. */
function tookMajority(on: readonly string[], voters: readonly string[]): boolean {
  return 2 * voters.filter((id) => !on.includes(id)).length <= voters.length;
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
