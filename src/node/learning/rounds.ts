import { federateCall, roundCall, trialCall, type Worked } from '../../prediction/learning/calls.ts';
import type { Comparison } from '../../prediction/learning/compare.ts';
import type { Contribution } from '../../prediction/learning/contribution.ts';
import type { FederatedTerms } from '../../prediction/learning/federated-average.ts';
import type { RoundOptions } from '../../prediction/learning/options.ts';
import { type Verdict, verdictOn } from '../../prediction/learning/trial.ts';
import type { Predictor } from '../prediction/predictor.ts';
import type { Version } from './model-record.ts';

/** What the long calls of the worker are made with. */
export interface WorkParts {
  readonly predictor: Predictor;
  /** Part of one core. */
  readonly share: number;
  readonly options: RoundOptions;
  readonly base: Version;
  readonly previous: Version | null;
}

/** What a round came to, as it is published or told. */
export interface Outcome extends Worked {
  readonly kind: 'adapted' | 'federated';
  /** Null: nothing is published. */
  readonly weights: Float32Array | null;
  readonly reason: string;
  readonly samples: number;
  readonly series: number;
  readonly contributors: number;
  readonly judgedBy: 'backtest' | 'contributors';
  readonly before: number;
  readonly after: number;
  readonly judgedSeries: number;
  readonly steps: number;
  readonly seed: string;
}

/** How long the work may take at full share before the worker is taken for hung, ms. */
const slowestMs = 60_000;
const slowestStepMs = 250;

export async function train(parts: WorkParts): Promise<Outcome> {
  const { options } = parts;
  const result = await parts.predictor.call(roundCall, request(parts), { timeoutMs: timeoutOf(parts) });
  const { weights, samples, series, workedMs, comparison } = result;
  const reason = result.reason ?? saying(comparison, `${options.steps} steps on ${series} parts of series`);
  return {
    ...judged(comparison, weights),
    kind: 'adapted',
    reason,
    samples,
    series,
    contributors: 0,
    judgedBy: 'backtest',
    steps: options.steps,
    seed: options.seed,
    workedMs,
  };
}

export async function federate(
  parts: WorkParts,
  contributions: readonly Contribution[],
  { clip, noise, wanted, trustReports }: FederatedTerms,
): Promise<Outcome> {
  const { options } = parts;
  const shares = contributions.map(({ delta, samples, clip, noise: own, reported }) => ({
    delta,
    samples,
    clip,
    noise: own,
    reported,
  }));
  const result = await parts.predictor.call(
    federateCall,
    { ...request(parts), shares, terms: { clip, noise, wanted, trustReports } },
    { timeoutMs: timeoutOf(parts) },
  );
  const { weights, samples, series, workedMs, comparison, judgedBy } = result;
  const by = judgedBy === 'backtest' ? '' : ', as they themselves reported';
  const reason = result.reason ?? saying(comparison, `the mean of ${shares.length} contributions${by}`);
  return {
    ...judged(comparison, weights),
    kind: 'federated',
    reason,
    samples,
    series,
    contributors: shares.length,
    judgedBy,
    steps: 0,
    seed: options.seed,
    workedMs,
  };
}

/** The version in use against the one before it. */
export async function tryOut(
  parts: WorkParts,
  leastOrigins: number,
): Promise<Verdict & Worked & { readonly comparison: Comparison }> {
  const { base, previous, predictor } = parts;
  const sinceMs = base.model.provenance?.atMs ?? 0;
  const weights = previous?.model.weights ?? base.model.weights;
  const asked = { ...request(parts), previous: weights, sinceMs };
  const { workedMs, ...comparison } = await predictor.call(trialCall, asked, { timeoutMs: timeoutOf(parts) });
  return { ...verdictOn(comparison, leastOrigins), workedMs, comparison };
}

function request({ base, options, share }: WorkParts) {
  const { size, weights } = base.model;
  return { size, weights, options, share };
}

function timeoutOf({ options, share }: WorkParts): number {
  return (slowestMs + options.steps * slowestStepMs) / share;
}

/** Errors as finite numbers: where there are none they are those of the last value. */
function judged(comparison: Comparison | null, weights: Float32Array | null) {
  const { before = 1, after = 1, series = 0 } = comparison ?? {};
  const known = Number.isFinite(before) && Number.isFinite(after);
  return { weights, before: known ? before : 1, after: known ? after : 1, judgedSeries: series };
}

function saying(comparison: Comparison | null, what: string): string {
  return comparison === null
    ? what
    : `${what}: its error is ${comparison.ratio.toFixed(3)} of the version's before`;
}
