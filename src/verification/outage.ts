/** A write as the client saw it; times on one monotonic clock, in ms. */
export interface Acknowledged {
  readonly issuedAtMs: number;
  readonly ackedAtMs: number;
}

export interface Outage {
  /** The last acknowledgement before the gap and the first one after it. */
  readonly lastBeforeMs: number;
  readonly firstAfterMs: number;
  readonly outageMs: number;
}

/** How long after the first write that was issued after the fault and acknowledged the gap may still lie. */
const settleMs = 100;

/**
 * The outage of a fault: the longest time without an acknowledgement between the fault and `settleMs` after things worked again
 * (a write issued after `endedAtMs` was acknowledged). Acknowledgements that were under way when the fault struck thus don't shorten it.
 * Null while it hasn't ended. `acknowledged`: in the order of acknowledgement.
 */
export function outageOf(
  acknowledged: readonly Acknowledged[],
  faultAtMs: number,
  endedAtMs = faultAtMs,
): Outage | null {
  const recovered = acknowledged.find((write) => write.issuedAtMs > endedAtMs);
  if (recovered === undefined) return null;
  const untilMs = recovered.ackedAtMs + settleMs;
  let longest: Outage | null = null;
  let lastBeforeMs = acknowledged[0]?.ackedAtMs ?? faultAtMs;
  for (const { ackedAtMs } of acknowledged) {
    if (lastBeforeMs >= untilMs) break;
    const outageMs = ackedAtMs - lastBeforeMs;
    if (ackedAtMs > faultAtMs && (longest === null || outageMs > longest.outageMs))
      longest = { lastBeforeMs, firstAfterMs: ackedAtMs, outageMs };
    lastBeforeMs = ackedAtMs;
  }
  return longest;
}
