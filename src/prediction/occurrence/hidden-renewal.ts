import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type Fit, intervalsOf, type OccurrenceModel, type Past, type Within } from './model.ts';

const LEAST = 4;
/** Changes that a new grid is laid by. */
const RECENT = 32;
/** Where the mean may be, in parts of the median between changes seen: between two looks several may have come, of which one is seen. */
const MEANS = [0.4, 1.3] as const;
/** Spreads of an interval, in parts of its mean; means are tried this far apart, too. */
const SPREADS = [0.04, 0.1, 0.25] as const;
/** The finest, tried near the best of those alone. */
const FINE = 0.015;
/** Of intervals, those that follow no rule. */
const IRREGULAR = 0.01;
/** What an observation still counts after another, so that a resource that became otherwise is learned anew. */
const KEPT = 0.98;
/** Places that a change may have been at in its interval, at most. */
const CELLS = 16;
/** Beliefs kept of the past, which tests ask for: some tens of KiB. */
const KEPT_BELIEFS = 26;
/** Hypotheses this far behind the best, in nats, are given up. */
const HOPELESS = 12;
/** And asked no more: this far behind, or behind so many others. */
const UNLIKELY = 5;
const ASKED = 8;

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
  learn(past, earlier) {
    // Nothing is hidden.
    if (past.highMs.every((high, i) => high === at(past.lowMs, i))) return () => null;
    const known = earlier === undefined ? undefined : beliefsOf.get(earlier);
    const beliefs = (known === undefined ? null : continued(known, past)) ?? begunAnew(past);
    const fit: Fit = (count, nowMs) => {
      const belief = beliefs?.after.get(at(past.highMs, count - 1));
      return belief === undefined || count < LEAST ? null : within(belief, nowMs);
    };
    if (beliefs !== null) beliefsOf.set(fit, beliefs);
    return fit;
  },
};

interface Beliefs {
  /** After each of the last changes, by when it was seen: the likely ones. */
  readonly after: ReadonlyMap<number, readonly Hypothesis[]>;
  /** After the last one: all that are still believed. */
  readonly last: readonly Hypothesis[];
  readonly lastMs: number;
  /** Changes that the grid was laid by, and those that came since. */
  readonly laidBy: number;
  readonly since: number;
}

/** What a fit was made of, so that the next goes on from there. */
const beliefsOf = new WeakMap<Fit, Beliefs>();

/** With the changes that came since; null: not the same past, or the grid is due to be laid anew. */
function continued(known: Beliefs, past: Past): Beliefs | null {
  const { highMs } = past;
  const from = highMs.lastIndexOf(known.lastMs) + 1;
  const since = known.since + highMs.length - from;
  if (from === 0 || since > known.laidBy) return null;
  const came = filtered(past, from, known.last);
  return {
    ...known,
    after: new Map(
      [...known.after, ...came.map(([seenMs, all]) => [seenMs, likely(all)] as const)].slice(-KEPT_BELIEFS),
    ),
    last: came.at(-1)?.[1] ?? known.last,
    lastMs: at(highMs, highMs.length - 1),
    since,
  };
}

/** A grid about the usual interval, and a finer one about its best; what each says of a change does not look at later ones. */
function begunAnew(past: Past): Beliefs | null {
  const { highMs } = past;
  const from = Math.max(0, highMs.length - RECENT);
  const usual = median(intervalsOf(past.middleMs.subarray(from)));
  if (highMs.length < LEAST || !(usual > 0)) return null;
  const first = (means: Hypothesis[]): Hypothesis[] =>
    means.map((each) => begun(each, at(past.lowMs, from), at(highMs, from)));
  const coarse = filtered(past, from + 1, first(SPREADS.flatMap((spread) => grid(usual, MEANS, spread))));
  const [best] = [...(coarse.at(-1)?.[1] ?? [])].sort((a, b) => b.logWeight - a.logWeight);
  if (best === undefined) return null;
  const fine = filtered(past, from + 1, first(grid(best.meanMs, [0.95, 1.05], FINE)));
  const both = coarse.map(([seenMs, all], i) => [seenMs, [...all, ...(fine[i]?.[1] ?? [])]] as const);
  return {
    after: new Map(both.map(([seenMs, all]) => [seenMs, likely(all)] as const).slice(-KEPT_BELIEFS)),
    last: both.at(-1)?.[1] ?? [],
    lastMs: at(highMs, highMs.length - 1),
    laidBy: highMs.length - from,
    since: 0,
  };
}

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

/** What is believed after each change from `from` on. */
function filtered(
  { lowMs, highMs }: Past,
  from: number,
  start: readonly Hypothesis[],
): (readonly [number, readonly Hypothesis[]])[] {
  const beliefs: (readonly [number, readonly Hypothesis[]])[] = [];
  let alive = start;
  for (let i = from; i < highMs.length; i++) {
    alive = alive.map((each) => stepped(each, at(lowMs, i), at(highMs, i)));
    const most = Math.max(...alive.map(({ logWeight }) => logWeight));
    alive = alive.filter(({ logWeight }) => logWeight > most - HOPELESS);
    beliefs.push([at(highMs, i), alive]);
  }
  return beliefs;
}

function begun(hypothesis: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs } = cellsOf(hypothesis, low, high);
  return { ...hypothesis, atMs, mass: atMs.map(() => 1 / atMs.length) };
}

/** Where in an interval a change may have been: the middles of cells about as wide as an interval's spread. */
function cellsOf(
  { spreadMs }: Hypothesis,
  low: number,
  high: number,
): { atMs: Float64Array; halfMs: number } {
  const count = Math.min(CELLS, Math.max(1, Math.ceil((high - low) / spreadMs)));
  const halfMs = (high - low) / count / 2;
  const atMs = new Float64Array(count);
  for (let j = 0; j < count; j++) atMs[j] = low + (2 * j + 1) * halfMs;
  return { atMs, halfMs };
}

/** None between the last look and `low`, one or more by `high`. */
function stepped(before: Hypothesis, low: number, high: number): Hypothesis {
  const { atMs, halfMs } = cellsOf(before, low, high);
  const count = atMs.length;
  // What is known to the moment is known as well as clocks are.
  const half = Math.max(halfMs, before.spreadMs / 8);
  const came = new Float64Array(count);
  for (let i = 0; i < before.atMs.length; i++) {
    const from = at(before.atMs, i);
    let here = left(before, at(atMs, 0) - half - from);
    for (let j = 0; j < count; j++) {
      const next = left(before, at(atMs, j) + half - from);
      came[j] = at(came, j) + at(before.mass, i) * (here - next);
      here = next;
    }
  }
  if (high - low > before.meanMs - 5 * before.spreadMs) againWithin(before, came, halfMs);
  // The last of them: none since.
  let total = 0;
  for (let j = 0; j < count; j++) total += at(came, j) * left(before, high - at(atMs, j));
  return {
    ...before,
    logWeight: KEPT * before.logWeight + Math.log(Math.max(total, 1e-9)),
    atMs,
    mass: total > 1e-12 ? came.map((value) => value / total) : came.fill(1 / count),
  };
}

/** Adds to the first changes in the cells those that come after them in the same interval. */
function againWithin(of: Hypothesis, came: Float64Array, halfMs: number): void {
  const after = came.map((_, k) => left(of, (2 * k - 1) * halfMs) - left(of, (2 * k + 1) * halfMs));
  for (let j = 1; j < came.length; j++)
    for (let i = 0; i < j; i++) came[j] = at(came, j) + at(came, i) * at(after, j - i);
}

/** Chance that an interval is longer. */
function left({ meanMs, spreadMs }: Hypothesis, ms: number): number {
  if (ms <= 0) return 1;
  const tail = 1 + ms / (4 * meanMs);
  return (1 - IRREGULAR) / (1 + Math.exp((ms - meanMs) / spreadMs)) + IRREGULAR / (tail * tail);
}

function likely(hypotheses: readonly Hypothesis[]): readonly Hypothesis[] {
  const sorted = [...hypotheses].sort((a, b) => b.logWeight - a.logWeight);
  const most = sorted[0]?.logWeight ?? 0;
  return sorted.filter(({ logWeight }) => logWeight > most - UNLIKELY).slice(0, ASKED);
}

function within(hypotheses: readonly Hypothesis[], nowMs: number): Within | null {
  const most = hypotheses[0]?.logWeight ?? 0;
  const atoms: { readonly of: Hypothesis; readonly ageMs: number; readonly share: number }[] = [];
  let total = 0;
  for (const of of hypotheses) {
    const weight = Math.exp(of.logWeight - most);
    for (let i = 0; i < of.atMs.length; i++) {
      const ageMs = nowMs - at(of.atMs, i);
      const share = weight * at(of.mass, i);
      const stayed = share * left(of, ageMs);
      if (stayed < 1e-4) continue;
      total += stayed;
      atoms.push({ of, ageMs, share });
    }
  }
  if (!(total > 0)) return null;
  return (hMs) => {
    let stays = 0;
    for (const { of, ageMs, share } of atoms) stays += share * left(of, ageMs + hMs);
    return Math.max(0, 1 - stays / total);
  };
}
