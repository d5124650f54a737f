import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { ServedNode } from '../../node/served-node.ts';
import { nextTurn } from '../../ports/clock.ts';
import type { LeaseStatus, LeasesReply, LeasesRequest } from '../../protocol/operations/administration.ts';
import { systemClock } from '../system-clock.ts';

const sliceMs = 5;
/** Of one reply, where pages are asked for. */
const most = 4096;

/** Leases without their keys, in pages where a limit is given, or the one asked for with them; none when there is none such. */
export async function leasesOf(node: ServedNode, { id, limit, after }: LeasesRequest): Promise<LeasesReply> {
  const state = await node.wholeState();
  node.checkServes();
  if (id !== noLease) {
    const lease = state.lease(id);
    const leases = lease === null ? [] : [{ ...lease, keys: lease.keys.map(({ key }) => key) }];
    return { leases, more: false };
  }
  const known = (ids: readonly LeaseId[]): readonly LeaseStatus[] =>
    ids.flatMap((each) => {
      const ttlMs = state.leaseTtlMs(each);
      const deadlineMs = state.leaseDeadlineMs(each);
      if (ttlMs === null || deadlineMs === null) return [];
      return [{ id: each, ttlMs, remainingMs: Math.max(0, deadlineMs - state.timeMs), keys: [] }];
    });
  if (limit === 0) return { leases: known([...state.leaseIds()]), more: false };
  const count = Math.min(limit, most);
  for (let from = after; ; ) {
    const ids = await leastAfter(state.leaseIds(), from, count + 1);
    const page = ids.slice(0, count);
    const leases = known(page);
    const more = ids.length > count;
    // All of them may have ended while others were looked at.
    if (leases.length > 0 || !more) return { leases, more };
    from = page.at(-1) ?? from;
  }
}

/** The `count` least ids that are greater than `after`, in order: goes through all of them, a slice a turn of the event loop. */
export async function leastAfter(
  ids: Iterable<LeaseId>,
  after: LeaseId,
  count: number,
): Promise<readonly LeaseId[]> {
  const least: LeaseId[] = [];
  let beyond: LeaseId | null = null;
  let seen = 0;
  let untilMs = systemClock.nowMs() + sliceMs;
  for (const id of ids) {
    if ((++seen & 1023) === 0 && systemClock.nowMs() >= untilMs) {
      await nextTurn(systemClock);
      untilMs = systemClock.nowMs() + sliceMs;
    }
    if (id <= after || (beyond !== null && id >= beyond)) continue;
    least.push(id);
    if (least.length < 2 * count) continue;
    least.sort(ascending);
    beyond = least[count] ?? null;
    least.length = count;
  }
  return least.sort(ascending).slice(0, count);
}

const ascending = (a: LeaseId, b: LeaseId): number => (a < b ? -1 : a > b ? 1 : 0);

/** Their times-to-live, 0 where one is gone; fails when one could not be renewed now. */
export function renewed(node: ServedNode, ids: readonly LeaseId[]): Promise<readonly number[]> {
  if (ids.length > limits.idsPerCommand) {
    const message = `${ids.length} leases are asked for; ${limits.idsPerCommand} are allowed: ask in pieces`;
    return Promise.reject(new TanistError('invalid-argument', message));
  }
  return new Promise((resolve, reject) => {
    const ttls = new Array<number>(ids.length).fill(0);
    let open = ids.length;
    if (open === 0) resolve(ttls);
    for (const [i, id] of ids.entries())
      node.keepAlive(id, (outcome) => {
        if (outcome instanceof TanistError) reject(outcome);
        else ttls[i] = outcome;
        if (--open === 0) resolve(ttls);
      });
  });
}
