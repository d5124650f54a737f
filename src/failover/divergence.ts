import type { NodeId } from '../foundation/ids.ts';

/** What a replica says of its predictions. */
export interface ModelReport {
  readonly id: NodeId;
  /**
   * Rolling standardised error one step ahead: mean |error| / mean |change of the true values|. What it is divided by is the truth's alone, so replicas are
   * comparable. Null: too little was measured.
   */
  readonly scaledError: number | null;
  /** Some of its predictions, drawn alike on all replicas. */
  readonly samples: readonly PredictionSample[];
  /** Names and hashes of the models that it has loaded; equal on all that have the same. */
  readonly models: string;
  /** Why its state is not what the majority has (digests); null: nothing is known against it. */
  readonly stateTrouble: string | null;
}

export interface PredictionSample {
  /** Of the series and the revision: the input. */
  readonly hash: number;
  readonly mean: number;
  /** Mean |change| of the true values of that series. */
  readonly scale: number;
}

/**
 * `alike`: as good as the others. `workload`: all err alike, so the world moved and the models must learn; nobody is to blame. `model`: this one errs or
 * predicts otherwise than the others though its state is theirs: its model or its predictor is damaged. `state`: its state is wrong, too.
 */
export type DivergenceCause = 'alike' | 'workload' | 'model' | 'state';

export interface Divergence {
  /** 0 (as good as the others) to 1. */
  readonly value: number;
  readonly cause: DivergenceCause;
  readonly explanation: string;
}

/** All err as much as somebody who predicts no change, or more: then the models do not fit the workload any more. */
const driftError = 1.25;
/** Errors up to so many times the others' are chance; from so many times on it is as bad as can be. */
const errorRatio = { fine: 1.5, worst: 4 };
/** Below this the others' error is too small to measure by. */
const leastError = 0.05;
/** Of predictions from the same input, in mean changes of the truth: healthy replicas may have chosen another model. */
const disagreement = { fine: 0.75, worst: 2.5 };
const mostDisagreement = 5;
const fewestSamples = 4;
const suspicious = 0.5;

/**
 * How far each replica's predictions are from what happened and from what the others predict from the same input. Only where one stands out from most of
 * the others is it held against it: with two replicas who disagree nobody can say who is wrong but by the errors.
 */
export function modelDivergence(reports: readonly ModelReport[]): ReadonlyMap<NodeId, Divergence> {
  const errors = reports.flatMap(({ scaledError }) => scaledError ?? []);
  const drifted = errors.length > 0 && lowerMedian(errors) >= driftError;
  return new Map(reports.map((report) => [report.id, divergenceOf(report, reports, drifted)]));
}

function divergenceOf(report: ModelReport, reports: readonly ModelReport[], drifted: boolean): Divergence {
  const others = reports.filter(({ id }) => id !== report.id);
  const byError = errorPart(report, others);
  const byInput = inputPart(report, others);
  const value = Math.max(byError?.value ?? 0, byInput?.value ?? 0);
  if (value >= suspicious) {
    const text = [byError, byInput]
      .filter((part) => part !== null && part.value >= suspicious)
      .map((part) => part?.text);
    if (report.stateTrouble !== null)
      return {
        value,
        cause: 'state',
        explanation: `${text.join(', ')}; its state is wrong: ${report.stateTrouble}`,
      };
    const models = others.some((other) => other.models !== report.models)
      ? '; it has other models loaded'
      : '';
    return { value, cause: 'model', explanation: `${text.join(', ')}; its state is the others'${models}` };
  }
  if (drifted)
    return { value: 0, cause: 'workload', explanation: 'all replicas err alike: the workload has changed' };
  if (byError === null && byInput === null)
    return { value, cause: 'alike', explanation: 'nothing to compare with' };
  return { value, cause: 'alike', explanation: byError?.text ?? byInput?.text ?? '' };
}

interface Part {
  readonly value: number;
  readonly text: string;
}

/** Null: nothing to compare. */
function errorPart({ scaledError }: ModelReport, others: readonly ModelReport[]): Part | null {
  const theirs = others.flatMap((other) => other.scaledError ?? []);
  if (scaledError === null || theirs.length === 0) return null;
  const usual = median(theirs);
  const ratio = scaledError / Math.max(leastError, usual);
  return {
    value: between(ratio, errorRatio),
    text: `error ${scaledError.toFixed(2)} of last value's, the others' ${usual.toFixed(2)}`,
  };
}

/** Null: too little that was predicted from the same input. */
function inputPart(report: ModelReport, others: readonly ModelReport[]): Part | null {
  const against = others.flatMap((other) => disagreementOf(report, other) ?? []);
  if (against.length === 0) return null;
  // The lower middle: who agrees with half of the others does not stand out.
  const typical = lowerMedian(against);
  // Of two who disagree the errors decide; without these it counts half.
  const weight = against.length === 1 ? suspicious - Number.EPSILON : 1;
  return {
    value: Math.min(weight, between(typical, disagreement)),
    text: `predictions from the same input ${typical.toFixed(1)} mean changes from the others'`,
  };
}

/** Mean |difference| of what two predict from the same input, in mean changes of the truth; null: too few samples in common. */
export function disagreementOf(left: ModelReport, right: ModelReport): number | null {
  const known = new Map(right.samples.map((sample) => [sample.hash, sample]));
  let sum = 0;
  let count = 0;
  for (const { hash, mean, scale } of left.samples) {
    const other = known.get(hash);
    if (other === undefined) continue;
    const difference = Math.abs(mean - other.mean);
    const unit = Math.max(scale, other.scale);
    sum += difference === 0 ? 0 : Math.min(mostDisagreement, unit > 0 ? difference / unit : mostDisagreement);
    count++;
  }
  return count < fewestSamples ? null : sum / count;
}

/** 0 up to `fine`, 1 from `worst` on. NaN, which a damaged model may say, is the worst. */
function between(value: number, { fine, worst }: { readonly fine: number; readonly worst: number }): number {
  if (Number.isNaN(value)) return 1;
  return Math.min(1, Math.max(0, (value - fine) / (worst - fine)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function lowerMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
