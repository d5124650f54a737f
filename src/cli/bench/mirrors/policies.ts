import type { ChangeHistory } from './histories.ts';

/** Looks at the origin every `everyMs`, read or not. */
export function fixedInterval({ fromMs, untilMs }: ChangeHistory, everyMs: number): number[] {
  const looks: number[] = [];
  for (let time = fromMs; time < untilMs; time += everyMs) looks.push(time);
  return looks;
}

/** A read of what is older than `ttlMs` gets it, and has it refreshed (RFC 5861). The refresh counts for the reads after it. */
export function staleWhileRevalidate(reads: Float64Array, ttlMs: number): number[] {
  return looksOfReads(reads, (age) => (age < ttlMs ? 'none' : 'after'));
}

/** As Caffeine and others have it: a read in the last fifth of the time-to-live refreshes ahead; one after its end waits for the origin. */
export function refreshAhead(reads: Float64Array, ttlMs: number): number[] {
  return looksOfReads(reads, (age) => (age < 0.8 * ttlMs ? 'none' : age < ttlMs ? 'after' : 'before'));
}

/** Nothing is refreshed but by a read of what is older than `ttlMs`, which waits for the origin. */
export function readThrough(reads: Float64Array, ttlMs: number): number[] {
  return looksOfReads(reads, (age) => (age < ttlMs ? 'none' : 'before'));
}

/** What a read starts comes after it: by more than times since 1970 are exact to. */
const justAfterMs = 1e-3;

/** The looks that reads start. `look`: by the age in ms of what the read finds, whether one is made before it answers, after that, or not. */
function looksOfReads(reads: Float64Array, look: (age: number) => 'none' | 'before' | 'after'): number[] {
  const looks: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    const when = look(read - last);
    if (when === 'none') continue;
    last = when === 'before' ? read : read + justAfterMs;
    looks.push(last);
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
