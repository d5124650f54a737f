/**
 * By how many samples each contributor counts. Nobody can check what they say: beyond twice the median a number adds nothing, and of two or more contributors
 * none weighs more than the others together.
 */
export function fairSamples(said: readonly number[]): readonly number[] {
  const sorted = said.toSorted((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const counted = said.map((samples) => Math.min(samples, 2 * median));
  const total = counted.reduce((sum, samples) => sum + samples, 0);
  return counted.length < 2 ? counted : counted.map((samples) => Math.min(samples, total - samples));
}
