import { checkLeaseBounds, type LeaseHistory } from '../../../verification/guarantees/lease-bounds.ts';
import type { Target, WrongRate } from '../../target.ts';
import type { Verdict } from '../../traffic.ts';
import type { Silence } from '../record/meter.ts';
import { earlyMsOf, leaseClock, wrongnessOf } from './lease-clock.ts';
import { verdict } from './verdict.ts';

const enoughEnded = 3;
/** While the cluster works: renewals travel in batches, and expiry in the leader's next stamp. */
const lateMs = 1500;
const etcdElectionMs = 1000;

/** What a clock of the cluster that runs wrong at the time makes of a lease: a fast one ends it early, a slow one late. */
function boundsAmong(wrongRates: readonly WrongRate[], life: LeaseHistory) {
  const { ttlMs, renewals, goneMs, lastAliveMs } = life;
  const fromMs = renewals[0]?.calledMs ?? 0;
  const toMs = Math.max(goneMs ?? 0, lastAliveMs ?? 0);
  const { fast, slow } = wrongnessOf(wrongRates, fromMs, toMs);
  return {
    ...leaseClock,
    earlyMs: earlyMsOf(ttlMs, fast),
    lateMs: lateMs + slow * ttlMs,
  };
}

/**
 * Promise 9. `silences`: nothing was committed, so cluster time stood still. etcd's new leader gives every lease its whole time-to-live again and
 * an election timeout more (`lessor.Promote`), so there they also last so much longer.
 */
export function checkLeases(
  lives: readonly LeaseHistory[],
  silences: readonly Silence[],
  { kind, wrongRates }: Pick<Target, 'kind' | 'wrongRates'>,
): Verdict {
  const ended = lives.filter(({ goneMs }) => goneMs !== null).length;
  const violations = lives.flatMap((life) => {
    const againMs = kind === 'etcd' ? life.ttlMs + etcdElectionMs : 0;
    const stalls = silences.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + againMs }));
    return checkLeaseBounds([life], { ...boundsAmong(wrongRates, life), stalls });
  });
  return verdict('lease', `${lives.length} leases, ${ended} seen to end`, violations, {
    enough: ended >= enoughEnded,
  });
}
