import type { WrongRate } from '../../target.ts';

/** How far cluster time may be from the harness's own: it follows the leaders' clocks, in whole ms, and runs ahead a little at a change of leader. */
export const leaseClock = { drift: 0.01, earlyMs: 30 } as const;

/**
 * By how much the clocks of the cluster that ran wrong between two moments ran too fast and too slow at most, in parts of 1. What ran wrong before counts for nothing: whoever
 * leads next goes on from the newest stamp at its own pace (`ClusterClock`).
 */
export function wrongnessOf(
  wrongRates: readonly WrongRate[],
  fromMs: number,
  toMs: number,
): { readonly fast: number; readonly slow: number } {
  const among = wrongRates.filter((each) => each.fromMs <= toMs && each.toMs >= fromMs);
  return {
    fast: Math.max(0, ...among.map(({ rate }) => rate - 1)),
    slow: Math.max(0, ...among.map(({ rate }) => 1 / rate - 1)),
  };
}

/** So long before its time a lease may end where a clock ran too fast. */
export function earlyMsOf(ttlMs: number, fast: number): number {
  return leaseClock.earlyMs + fast * ttlMs;
}
