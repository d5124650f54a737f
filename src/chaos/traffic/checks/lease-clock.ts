import type { WrongRate } from '../../target.ts';

/** How far cluster time may be from the harness's own: it follows the leaders' clocks, in whole ms, and runs ahead a little at a change of leader. */
export const leaseClock = { drift: 0.01, earlyMs: 30 } as const;

/** A replica may have learnt how far ahead a leader is so long ago, and its own clock gone on since (`ClusterClock`). */
const learntMs = 20_000;

/** By how much the clocks of the cluster that ran wrong ran too fast and too slow at most, in parts of 1, as far as it was felt between two moments. */
export function wrongnessOf(
  wrongRates: readonly WrongRate[],
  fromMs: number,
  toMs: number,
): { readonly fast: number; readonly slow: number } {
  const among = wrongRates.filter((each) => each.fromMs <= toMs && each.toMs >= fromMs - learntMs);
  return {
    fast: Math.max(0, ...among.map(({ rate }) => rate - 1)),
    slow: Math.max(0, ...among.map(({ rate }) => 1 / rate - 1)),
  };
}

/** So long before its time a lease may end where a clock ran too fast. */
export function earlyMsOf(ttlMs: number, fast: number): number {
  return leaseClock.earlyMs + fast * (learntMs + ttlMs);
}
