import { evaluateWeights } from '../neural/evaluate.ts';
import type { Forecaster } from '../neural/forecaster.ts';
import type { JudgedSeries } from './lesson-book.ts';
import type { Bar } from './options.ts';

/** Two versions on the very same values. */
export interface Comparison {
  readonly series: number;
  readonly origins: number;
  /** Geometric means over series of the error relative to last value. NaN: there was nothing to compare on. */
  readonly before: number;
  readonly after: number;
  /** Geometric mean over series of `after`'s error relative to `before`'s: paired, so that easy and hard series count alike. */
  readonly ratio: number;
  /** Part of the series on which `after` is worse. */
  readonly worse: number;
}

/** Of two errors that are as good as equal none is worse. */
const alike = 1e-3;

export async function compare(
  forecaster: Forecaster,
  before: Float32Array,
  after: Float32Array,
  judged: readonly JudgedSeries[],
  { horizon, every }: { readonly horizon: number; readonly every: number },
  breathe: () => Promise<void> = async () => {},
): Promise<Comparison> {
  let [series, origins, worse, logBefore, logAfter] = [0, 0, 0, 0, 0];
  for (const one of judged) {
    const options = { horizon: Math.min(horizon, one.heldOut), heldOut: one.heldOut, every };
    const old = await evaluateWeights(forecaster, before, [one], options);
    await breathe();
    const now = await evaluateWeights(forecaster, after, [one], options);
    await breathe();
    if (old.series === 0 || now.series === 0) continue;
    series++;
    origins += now.origins;
    logBefore += Math.log(old.relative);
    logAfter += Math.log(now.relative);
    if (now.relative > old.relative * (1 + alike)) worse++;
  }
  return {
    series,
    origins,
    before: Math.exp(logBefore / series),
    after: Math.exp(logAfter / series),
    ratio: Math.exp((logAfter - logBefore) / series),
    worse: worse / series,
  };
}

/** Why the second version of a comparison is not to be published; null: it is. */
export function refusal({ series, origins, ratio, worse }: Comparison, bar: Bar): string | null {
  if (series === 0 || !Number.isFinite(ratio)) return 'there is nothing to judge it on';
  if (origins < bar.leastOrigins)
    return `it could be judged at ${origins} moments; ${bar.leastOrigins} are asked for`;
  if (ratio >= 1 - bar.margin)
    return `its error on values kept from it is ${ratio.toFixed(3)} of the present version's; below ${(1 - bar.margin).toFixed(3)} is asked for`;
  if (worse > bar.mostWorse)
    return `it is worse on ${Math.round(worse * 100)} % of ${series} series; at most ${Math.round(bar.mostWorse * 100)} % are allowed`;
  return null;
}
