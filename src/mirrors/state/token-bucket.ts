import { mutant } from '../../foundation/mutants.ts';
import type { BudgetRecord } from './records.ts';

export interface BudgetOptions {
  readonly perMinute: number;
  readonly burst: number;
}

const longestPauseMs = 24 * 60 * 60_000;
const firstPauseMs = 1000;
const longestUntoldMs = 5 * 60_000;

/** The bucket at this moment; null: nobody has taken from it yet. The mark never goes back. */
export function refilled(
  bucket: BudgetRecord | null,
  { perMinute, burst }: BudgetOptions,
  nowMs: number,
): BudgetRecord {
  if (bucket === null) return { tokens: burst, atMs: nowMs };
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  return {
    ...bucket,
    tokens: Math.min(burst, bucket.tokens + (elapsedMs * perMinute) / 60_000),
    atMs: Math.max(nowMs, bucket.atMs),
  };
}

/**
 * No calls for so long: the origin asked for it. Null: it did not say for how long; then for twice as long as the last time, if that was not long ago, and one
 * that holds already is not made longer.
 */
export function paused(bucket: BudgetRecord | null, forMs: number | null, nowMs: number): BudgetRecord {
  const knownUntilMs = bucket?.pausedUntilMs ?? 0;
  const untoldMs = knownUntilMs > nowMs ? knownUntilMs - nowMs : nextPauseMs(bucket, nowMs);
  const pausedUntilMs = Math.max(knownUntilMs, nowMs + Math.min(forMs ?? untoldMs, longestPauseMs));
  return {
    tokens: Math.min(bucket?.tokens ?? 0, 1),
    atMs: nowMs,
    pausedUntilMs,
    pausedForMs: pausedUntilMs - nowMs,
  };
}

function nextPauseMs(bucket: BudgetRecord | null, nowMs: number): number {
  return bucket !== null && isRecent(bucket, nowMs)
    ? Math.min(2 * Math.max(bucket.pausedForMs ?? 0, firstPauseMs), longestUntoldMs)
    : firstPauseMs;
}

/** Whether a pause ended less than its own length ago, or than a short one's. */
function isRecent({ pausedUntilMs, pausedForMs }: BudgetRecord, nowMs: number): boolean {
  if (pausedUntilMs === undefined) return false;
  return nowMs < pausedUntilMs + Math.max(pausedForMs ?? 0, longestUntoldMs);
}

/** One call less, or how long until there is one. `reserve` tokens are left for others. */
export function taken(
  bucket: BudgetRecord | null,
  options: BudgetOptions,
  nowMs: number,
  reserve = 0,
): { readonly after: BudgetRecord } | { readonly waitMs: number } {
  const now = refilled(bucket, options, nowMs);
  const pausedMs = (now.pausedUntilMs ?? 0) - nowMs;
  if (pausedMs > 0) return { waitMs: Math.ceil(pausedMs) };
  const missing = 1 + reserve - now.tokens;
  // Sums of parts: a token may be short of whole by rounding.
  if (missing <= 1e-9 || mutant.active === 'mirror-budget-free') {
    const after = { ...now, tokens: Math.max(0, now.tokens - 1) };
    return { after: isRecent(after, nowMs) ? after : { tokens: after.tokens, atMs: after.atMs } };
  }
  return { waitMs: Math.max(1, Math.ceil((missing * 60_000) / options.perMinute + (now.atMs - nowMs))) };
}
