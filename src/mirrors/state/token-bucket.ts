import { mutant } from '../../foundation/mutants.ts';
import type { BudgetRecord } from './records.ts';

export interface BudgetOptions {
  readonly perMinute: number;
  readonly burst: number;
}

/** Clocks of processes differ; a mark further ahead than this is somebody's error, and not waited for. */
const tolerableSkewMs = 30_000;
const longestPauseMs = 60 * 60_000;

/** The bucket at this moment; null: nobody has taken from it yet. The mark never goes back but over an intolerable skew. */
export function refilled(
  bucket: BudgetRecord | null,
  { perMinute, burst }: BudgetOptions,
  nowMs: number,
): BudgetRecord {
  if (bucket === null) return { tokens: burst, atMs: nowMs };
  const elapsedMs = nowMs - bucket.atMs;
  if (elapsedMs < 0) {
    const atMs = elapsedMs < -tolerableSkewMs ? nowMs : bucket.atMs;
    return { ...bucket, tokens: Math.min(burst, bucket.tokens), atMs };
  }
  return {
    ...bucket,
    tokens: Math.min(burst, bucket.tokens + (elapsedMs * perMinute) / 60_000),
    atMs: nowMs,
  };
}

/** No calls for so long: the origin asked for it. */
export function paused(bucket: BudgetRecord | null, forMs: number, nowMs: number): BudgetRecord {
  const pausedUntilMs = Math.max(bucket?.pausedUntilMs ?? 0, nowMs + Math.min(forMs, longestPauseMs));
  return {
    tokens: Math.min(bucket?.tokens ?? 0, 1),
    atMs: nowMs,
    pausedUntilMs,
    pausedForMs: pausedUntilMs - nowMs,
  };
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
  // Longer than was asked for is somebody's wrong clock, too.
  if (pausedMs > 0 && pausedMs <= (now.pausedForMs ?? 0) + tolerableSkewMs)
    return { waitMs: Math.ceil(pausedMs) };
  const missing = 1 + reserve - now.tokens;
  // Sums of parts: a token may be short of whole by rounding.
  if (missing <= 1e-9 || mutant.active === 'mirror-budget-free')
    return { after: { tokens: Math.max(0, now.tokens - 1), atMs: now.atMs } };
  return { waitMs: Math.max(1, Math.ceil((missing * 60_000) / options.perMinute + (now.atMs - nowMs))) };
}
