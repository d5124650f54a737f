import { revision } from '../../foundation/ids.ts';
import { bySpace, spaces } from '../../ports/delta.ts';
import type { Revisions } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { markedRows } from '../peers/context-rows.ts';

const mark = 'at';

export function revisionsOf(state: Pick<StateMachine, 'revision'>): Revisions {
  return bySpace((space) => state.revision(space));
}

/** What a leader has applied, as a row beside those of `peer-view.ts`: whoever does not know it passes over it. */
export function revisionRow(state: Pick<StateMachine, 'revision'>): (string | number)[] {
  return [mark, ...spaces.map((space) => state.revision(space))];
}

/** Null for anything that has no such row. */
export function parseLeaderRevisions(bytes: Uint8Array): Revisions | null {
  for (const numbers of markedRows(bytes, mark)) {
    if (numbers.length !== spaces.length) continue;
    const said = new Map(spaces.map((space, i) => [space, numbers[i]] as const));
    const of = (space: keyof Revisions): Revisions['user'] | null => {
      const value = said.get(space);
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? revision(value) : null;
    };
    const [user, planes, system, predicted] = [of('user'), of('planes'), of('system'), of('predicted')];
    if (user === null || planes === null || system === null || predicted === null) return null;
    return { user, planes, system, predicted };
  }
  return null;
}

/** The greater of each: what a leader had applied was committed, so it counts whoever leads now. */
export function furthest(left: Revisions, right: Revisions | null): Revisions {
  if (right === null) return left;
  return bySpace((space) => revision(Math.max(left[space], right[space])));
}
