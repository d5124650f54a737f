import { median } from './statistics.ts';

/** A slope with its noise, both in units an hour; `flat`: it does not stand out of the noise, or is too small to matter. */
export interface Growth {
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  /** Standard error of the slope. */
  readonly noisePerHour: number;
  readonly flat: boolean;
}

const blocks = 24;
const leastSamples = 12;
/** In less time caches fill and code warms up: what grows then says nothing. */
const leastMs = 300_000;
/** Student's t for 95 % with about twenty degrees of freedom. */
const t95 = 2.1;
const hourMs = 3_600_000;

/**
 * Least squares over medians of blocks: samples next to each other are too alike to count as independent, and a garbage collection is not
 * growth. `negligible`: growth over the whole time that does not matter (in the unit of the values). Null of too few samples or too short a time.
 */
export function growthOf(
  samples: readonly { readonly atMs: number; readonly value: number }[],
  negligible: number,
): Growth | null {
  if (samples.length < leastSamples) return null;
  if ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0) < leastMs) return null;
  const points = blockMedians(samples);
  const n = points.length;
  const meanX = points.reduce((sum, { atMs }) => sum + atMs, 0) / n;
  const meanY = points.reduce((sum, { value }) => sum + value, 0) / n;
  let xx = 0;
  let xy = 0;
  for (const { atMs, value } of points) {
    xx += (atMs - meanX) ** 2;
    xy += (atMs - meanX) * (value - meanY);
  }
  if (xx === 0) return null;
  const slope = xy / xx;
  let residual = 0;
  for (const { atMs, value } of points) residual += (value - meanY - slope * (atMs - meanX)) ** 2;
  const noise = Math.sqrt(residual / Math.max(1, n - 2) / xx);
  const spanMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return {
    first: points[0]?.value ?? Number.NaN,
    last: points.at(-1)?.value ?? Number.NaN,
    perHour: slope * hourMs,
    noisePerHour: noise * hourMs,
    flat: slope <= t95 * noise || slope * spanMs <= negligible,
  };
}

function blockMedians(
  samples: readonly { readonly atMs: number; readonly value: number }[],
): readonly { readonly atMs: number; readonly value: number }[] {
  const count = Math.min(blocks, Math.floor(samples.length / 3));
  return Array.from({ length: count }, (_, block) => {
    const part = samples.slice(
      Math.floor((block * samples.length) / count),
      Math.floor(((block + 1) * samples.length) / count),
    );
    return {
      atMs: median(part.map(({ atMs }) => atMs)),
      value: median(part.map(({ value }) => value)),
    };
  });
}
