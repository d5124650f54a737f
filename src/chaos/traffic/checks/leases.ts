import { checkLeaseBounds, type LeaseHistory } from '../../../verification/lease-bounds.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Silence } from '../record/meter.ts';
import { verdict } from './verdict.ts';

const enoughEnded = 3;
/** Cluster time follows the leaders' clocks: whole ms, and drift of a machine's clock. */
const drift = 0.01;
const earlyMs = 30;
/** While the cluster works: renewals travel in batches, and expiry in the leader's next stamp. */
const lateMs = 1500;
const etcdElectionMs = 1000;

/**
 * Promise 9. `silences`: when nobody was answered, cluster time stood still for as long, so leases may last so much longer. etcd's new leader gives
 * every lease its whole time-to-live again and an election timeout more (`lessor.Promote`), so there they also last so much longer.
 */
export function checkLeases(
  lives: readonly LeaseHistory[],
  silences: readonly Silence[],
  kind: 'tanist' | 'etcd',
): Verdict {
  const violations: Violation[] = [];
  let ended = 0;
  for (const life of lives) {
    if (life.goneMs !== null) ended++;
    const fromMs = life.renewals[0]?.calledMs ?? 0;
    const untilMs = life.lastAliveMs ?? fromMs;
    const stoodMs = silences
      .map((silence) => Math.min(silence.toMs, untilMs) - Math.max(silence.fromMs, fromMs))
      .filter((ms) => ms > 0)
      .reduce((sum, ms) => sum + ms + (kind === 'etcd' ? life.ttlMs + etcdElectionMs : 0), 0);
    violations.push(...checkLeaseBounds([life], { drift, earlyMs, lateMs: lateMs + stoodMs }));
  }
  return verdict('lease', `${lives.length} leases, ${ended} seen to end`, violations, {
    enough: ended >= enoughEnded,
  });
}
