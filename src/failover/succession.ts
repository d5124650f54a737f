import type { LogIndex, NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { ScoreOptions } from './options.ts';
import { type ReplicaMeasurements, type Score, scoreReplica } from './score.ts';

export interface Heir {
  readonly id: NodeId;
  readonly score: Score;
  /** Its durable log reaches the commit index: it may be first. */
  readonly upToDate: boolean;
}

/**
 * The order in which replicas shall campaign. Left out: replicas under doubt and suspected ones. Those whose log reaches the
 * commit index come first; if none does, nobody is an heir, because the first must not lose an election. Otherwise the better score,
 * but the order of `before` stays unless a difference exceeds the hysteresis.
 */
export function rank(
  replicas: readonly ReplicaMeasurements[],
  leader: { readonly commit: LogIndex; readonly last: LogIndex },
  before: readonly NodeId[],
  options: ScoreOptions,
): readonly Heir[] {
  const heirs: Heir[] = [];
  for (const replica of replicas) {
    if (replica.doubt !== null || replica.silentMs >= replica.patienceMs) continue;
    let upToDate = replica.match >= leader.commit;
    if (mutant.active === 'succession-ignores-log') upToDate = true;
    heirs.push({ id: replica.id, score: scoreReplica(replica, leader.last, options), upToDate });
  }
  if (!heirs.some((heir) => heir.upToDate)) return [];
  const position = new Map(before.map((id, i) => [id, i]));
  const rankBefore = (heir: Heir): number => position.get(heir.id) ?? before.length;
  heirs.sort((a, b) => rankBefore(a) - rankBefore(b) || b.score.value - a.score.value || compare(a.id, b.id));
  const order: Heir[] = [];
  for (const heir of heirs) {
    const margin = position.has(heir.id) ? options.hysteresis : 0;
    let place = order.length;
    while (place > 0 && overtakes(heir, order[place - 1], margin)) place--;
    order.splice(place, 0, heir);
  }
  return order;
}

function overtakes(heir: Heir, ahead: Heir | undefined, margin: number): boolean {
  if (ahead === undefined) return false;
  if (heir.upToDate !== ahead.upToDate) return heir.upToDate;
  return heir.score.value > ahead.score.value + margin;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
