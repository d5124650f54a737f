import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { intervalsOf, type OccurrenceModel, type Past, type Within } from './model.ts';

const LEAST = 4;
const RECENT = 96;
/** Where the mean may be, in parts of the median between changes seen: between two looks several may have come, of which one is seen. */
const MEANS = [0.4, 1.3] as const;
/** Spreads of an interval, in parts of its mean; means are tried this far apart, too. */
const SPREADS = [0.04, 0.1, 0.25] as const;
const FINE = 0.015;
/** Of intervals, those that follow no rule. */
const IRREGULAR = 0.01;
/** What an observation still counts after another, so that a resource that became otherwise is learned anew. */
const KEPT = 0.98;
const CELLS = 24;
/** Hypotheses this far behind the best, in nats, are given up. */
const HOPELESS = 12;

/** Intervals of a mean and a spread (logistic), and what is believed of the moment of the last change. */
interface Hypothesis {
  readonly meanMs: number;
  readonly spreadMs: number;
  readonly logWeight: number;
  /** Where it may have been, and the chance of each, divided by that of none having come since. */
  readonly atMs: Float64Array;
  readonly mass: Float64Array;
}

/**
 * Renewal process seen only through looks: for each of a grid of means and spreads a filter over the moment of the last change (the forward pass of a hidden
 * semi-Markov model), conditioned on what every look said: none up to `low`, one or more by `high`. The hypotheses are weighted by the likelihood
 * of that, F(high) − F(low): interval censoring (Turnbull 1976).
 */
export const hiddenRenewal: OccurrenceModel = {
  name: 'hidden-renewal',
  learn(past) {
    const count = past.highMs.length;
    const from = Math.max(0, count - RECENT);
    const usual = median(intervalsOf(past.middleMs.subarray(from)));
    if (count < LEAST || !(usual > 0)) return () => null;
    const coarse = filtered(
      past,
      from,
      SPREADS.flatMap((spread) => grid(usual, MEANS, spread)),
    );
    const best = (coarse.at(-1) ?? []).reduce<Hypothesis | null>(
      (most, each) => (most === null || each.logWeight > most.logWeight ? each : most),
      null,
    );
    if (best === null) return () => null;
    const fine = filtered(past, from, grid(best.meanMs, [0.95, 1.05], FINE));
    return (known, nowMs) => {
      if (known < from + LEAST) return null;
      return within([...(coarse[known - from] ?? []), ...(fine[known - from] ?? [])], nowMs);
    };
  },
};

function grid(usualMs: number, [low, high]: readonly [number, number], spread: number): Hypothesis[] {
  const found: Hypothesis[] = [];
  for (let part = low; part < high * (1 + spread / 2); part *= 1 + spread)
    found.push({
      meanMs: part * usualMs,
      // Of a logistic distribution: standard deviation √3/π.
      spreadMs: part * usualMs * spread * 0.55,
      logWeight: 0,
      atMs: new Float64Array(0),
      mass: new Float64Array(0),
    });
  return found;
}

/** What is believed after each change from `from` on, the first belief before it. */
function filtered({ lowMs, highMs }: Past, from: number, start: Hypothesis[]): readonly Hypothesis[][] {
  const beliefs: Hypothesis[][] = [start];
  let alive = start;
  for (let i = from; i < highMs.length; i++) {
    const low = at(lowMs, i);
    const high = at(highMs, i);
    alive = alive.map((each) => (i === from ? begun(each, low, high) : stepped(each, low, high)));
    const most = Math.max(...alive.map(({ logWeight }) => logWeight));
    alive = alive.filter(({ logWeight }) => logWeight > most - HOPELESS);
    beliefs.push(alive);
  }
  return beliefs;
}

function begun(hypothesis: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs } = cells(hypothesis, low, high);
  return { ...hypothesis, atMs, mass: atMs.map(() => 1 / atMs.length) };
}

function cells({ spreadMs }: Hypothesis, low: number, high: number): { atMs: Float64Array; halfMs: number } {
  const count = Math.min(CELLS, Math.max(1, Math.ceil((high - low) / spreadMs)));
  const halfMs = (high - low) / count / 2;
  return { atMs: Float64Array.from({ length: count }, (_, j) => low + (2 * j + 1) * halfMs), halfMs };
}

/** None between the last look and `low`, one or more by `high`. */
function stepped(before: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs, halfMs } = cells(before, low, high);
  // A moment is known as well as clocks are.
  const half = Math.max(halfMs, before.spreadMs / 8);
  const came = atMs.map((to) => {
    let sum = 0;
    for (let i = 0; i < before.atMs.length; i++)
      sum +=
        at(before.mass, i) * between(before, to - half - at(before.atMs, i), to + half - at(before.atMs, i));
    return sum;
  });
  if (high - low > before.meanMs - 5 * before.spreadMs)
    for (let j = 0; j < came.length; j++)
      for (let i = 0; i < j; i++) {
        const gap = at(atMs, j) - at(atMs, i);
        came[j] = at(came, j) + at(came, i) * between(before, gap - half, gap + half);
      }
  // The last of them: none since.
  const total = came.reduce((sum, value, j) => sum + value * left(before, high - at(atMs, j)), 0);
  return {
    ...before,
    logWeight: KEPT * before.logWeight + Math.log(Math.max(total, 1e-9)),
    atMs,
    mass: total > 1e-12 ? came.map((value) => value / total) : came.fill(1 / came.length),
  };
}

/** Chance that an interval is longer. */
function left({ meanMs, spreadMs }: Hypothesis, ms: number): number {
  if (ms <= 0) return 1;
  return (
    (1 - IRREGULAR) / (1 + Math.exp((ms - meanMs) / spreadMs)) + IRREGULAR * Math.exp(-ms / (4 * meanMs))
  );
}

function between(hypothesis: Hypothesis, fromMs: number, toMs: number): number {
  return left(hypothesis, fromMs) - left(hypothesis, toMs);
}

function within(hypotheses: readonly Hypothesis[], nowMs: number): Within | null {
  const most = Math.max(...hypotheses.map(({ logWeight }) => logWeight));
  const atoms: { readonly of: Hypothesis; readonly ageMs: number; readonly share: number }[] = [];
  let total = 0;
  for (const of of hypotheses) {
    const weight = Math.exp(of.logWeight - most);
    if (weight < 1e-3) continue;
    for (let i = 0; i < of.atMs.length; i++) {
      const ageMs = nowMs - at(of.atMs, i);
      const share = weight * at(of.mass, i);
      const stayed = share * left(of, ageMs);
      if (stayed < 1e-6) continue;
      total += stayed;
      atoms.push({ of, ageMs, share });
    }
  }
  if (!(total > 0)) return null;
  return (hMs) => {
    let stays = 0;
    for (const { of, ageMs, share } of atoms) {
      stays += share * left(of, ageMs + hMs);
    }
    return Math.max(0, 1 - stays / total);
  };
}
