import type { LeaseId } from '../../../foundation/ids.ts';
import type { StateMachine } from '../../../state/state-machine.ts';
import { systemClock } from '../../system-clock.ts';

const sliceMs = 5;
/** More are listed as they come: to order them would hold the event loop. */
const ordered = 20_000;

/** The ids of all leases, the next to end first. Those granted or ended while it gathers may or may not be among them. */
export async function leasesByDeadline(
  state: Pick<StateMachine, 'leaseIds' | 'leaseDeadlineMs'>,
): Promise<readonly LeaseId[]> {
  const ids: LeaseId[] = [];
  let untilMs = systemClock.nowMs() + sliceMs;
  for (const id of state.leaseIds()) {
    ids.push(id);
    if ((ids.length & 1023) !== 0 || systemClock.nowMs() < untilMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    untilMs = systemClock.nowMs() + sliceMs;
  }
  if (ids.length > ordered) return ids;
  const deadlines = new Map(ids.map((id) => [id, state.leaseDeadlineMs(id) ?? 0]));
  return ids.sort((a, b) => (deadlines.get(a) ?? 0) - (deadlines.get(b) ?? 0));
}
