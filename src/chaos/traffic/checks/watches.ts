import { checkWatch, type SeenWatch } from '../../../verification/guarantees/watch.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { verdict } from './verdict.ts';

const enoughEvents = 20;

/** The guarantees of etcd's watches, for those whose whole stretch the history can vouch for. `own`: what the watchers found wrong by themselves. */
export function checkWatches(
  watches: readonly SeenWatch[],
  own: readonly Violation[],
  { truth, truthLacks, covers }: Evidence,
  looked: string,
): Verdict {
  let events = 0;
  let left = 0;
  const violations = [...own];
  for (const watch of watches) {
    const last = watch.batches.at(-1)?.revision ?? watch.fromRevision - 1;
    events += watch.batches.reduce((sum, batch) => sum + batch.events.length, 0);
    if (truthLacks !== null && !coversAll(covers, watch.fromRevision, last)) left++;
    else violations.push(...checkWatch(watch, truth));
  }
  return verdict('watch', `${watches.length} watches with ${events} events, ${looked}`, violations, {
    lacks: left > 0 ? `${left} watches could not be held against the history: ${truthLacks}` : null,
    enough: events >= enoughEvents,
  });
}

function coversAll(covers: (revision: number) => boolean, from: number, through: number): boolean {
  for (let at = from; at <= through; at++) if (!covers(at)) return false;
  return true;
}
