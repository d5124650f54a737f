import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';

/** How far a node is on its way out: it takes nothing new from `isStopping` on, and `isStopped` does nothing more. */
export interface Life {
  readonly isStopping: boolean;
  readonly isStopped: boolean;
}

export function stops(): TanistError {
  return new TanistError('stopping', 'this node stops; ask another');
}

export function underDoubt(reason: string): TanistError {
  return new TanistError('under-doubt', `this node serves nothing: ${reason}; ask another`);
}

export function takingOver(): TanistError {
  return new TanistError('starting', 'this node takes a snapshot over; ask another, or try again');
}

/** Nothing was applied yet. */
export function hasNoState(): TanistError {
  return new TanistError('starting', 'this node has no state yet; ask another, or try again');
}

export function leadsNot(): TanistError {
  return new TanistError('not-leader', 'this node does not lead; ask the leader');
}

/** What a removed node is told; the same words on all nodes, since it is known by them. */
export function removedText(id: NodeId): string {
  return `member was removed: ${id} is no member of this cluster any more, and its id is not used again`;
}
