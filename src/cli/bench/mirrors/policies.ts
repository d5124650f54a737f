import type { ChangeHistory } from './histories.ts';

/** Looks at the origin every `everyMs`, read or not. */
export function fixedInterval({ fromMs, untilMs }: ChangeHistory, everyMs: number): number[] {
  const looks: number[] = [];
  for (let time = fromMs; time < untilMs; time += everyMs) looks.push(time);
  return looks;
}

/** A read of what is older than `ttlMs` gets it, and has it refreshed (RFC 5861). The refresh counts for the reads after it. */
export function staleWhileRevalidate(reads: Float64Array, ttlMs: number): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    if (read - last < ttlMs) continue;
    last = justAfter(read);
    looks.push(last);
  }
  return looks;
}

/** As Caffeine and others have it: a read in the last fifth of the time-to-live refreshes ahead; one after its end waits for the origin. */
export function refreshAhead(reads: Float64Array, ttlMs: number): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    const age = read - last;
    if (age < 0.8 * ttlMs) continue;
    last = age >= ttlMs ? read : justAfter(read);
    looks.push(last);
  }
  return looks;
}

/** What a read starts comes after it: by more than times since 1970 are exact to. */
function justAfter(read: number): number {
  return read + 1e-3;
}

/** Nothing is refreshed but by a read of what is older than `ttlMs`, which waits for the origin. */
export function readThrough(reads: Float64Array, ttlMs: number): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    if (read - last < ttlMs) continue;
    last = read;
    looks.push(read);
  }
  return looks;
}

/** The parameter at which a policy makes as many calls after `fromMs` as `calls`, rounded in its favour. */
export function tuned(
  policy: (parameter: number) => number[],
  calls: number,
  fromMs: number,
  spanMs: number,
): number[] {
  const count = (looks: readonly number[]): number => looks.filter((time) => time >= fromMs).length;
  let low = spanMs / (calls * 64);
  let high = spanMs;
  for (let round = 0; round < 50; round++) {
    const middle = Math.sqrt(low * high);
    if (count(policy(middle)) >= calls) low = middle;
    else high = middle;
  }
  return policy(low);
}
