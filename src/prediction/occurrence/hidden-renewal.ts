import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type Beliefs, believing } from './beliefs.ts';
import { begun, grid, type Hypothesis, left, stepped } from './hypothesis.ts';
import { intervalsOf, type OccurrenceModel, type Past, type Within, type Work } from './model.ts';

const LEAST = 4;
/** Changes that a new grid is laid by. */
const RECENT = 32;
/** Where the mean may be, in parts of the median between changes seen: between two looks several may have come, of which one is seen. */
const MEANS = [0.4, 1.3] as const;
/** Spreads of an interval, in parts of its mean; means are tried this far apart, too. */
const SPREADS = [0.04, 0.1, 0.25] as const;
/** The finest, tried near the best of those alone. */
const FINE = 0.015;
/** Beliefs kept of the past, which tests ask for: some tens of KiB. */
const KEPT_BELIEFS = 26;
/** Hypotheses this far behind the best, in nats, are given up. */
const HOPELESS = 12;
/** And asked no more: this far behind, or behind so many others. */
const UNLIKELY = 5;
const ASKED = 8;

/**
 * Renewal process seen only through looks: for each of a grid of means and spreads a filter over the moment of the last change (the forward pass of a hidden
 * semi-Markov model), conditioned on what every look said: none up to `low`, one or more by `high`. The hypotheses are weighted by the likelihood
 * of that, F(high) − F(low): interval censoring (Turnbull 1976).
 */
export const hiddenRenewal: OccurrenceModel = believing<Hypothesis, Known>({
  name: 'hidden-renewal',
  least: LEAST,
  continued,
  begun: begunAnew,
  within: (beliefs, _, nowMs) => within(beliefs, nowMs),
});

interface Known extends Beliefs<Hypothesis> {
  /** After the last one: all that are still believed. */
  readonly last: readonly Hypothesis[];
  readonly lastMs: number;
  /** Changes that the grid was laid by, and those that came since. */
  readonly laidBy: number;
  readonly since: number;
}

/** With the changes that came since; null: not the same past, or the grid is due to be laid anew. */
function* continued(known: Known, past: Past): Work<Known | null> {
  const { highMs } = past;
  const from = highMs.lastIndexOf(known.lastMs) + 1;
  const since = known.since + highMs.length - from;
  if (from === 0 || since > known.laidBy) return null;
  const came = yield* filtered(past, from, known.last);
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
function* begunAnew(past: Past): Work<Known | null> {
  const { highMs } = past;
  const from = Math.max(0, highMs.length - RECENT);
  const usual = median(intervalsOf(past.middleMs.subarray(from)));
  if (highMs.length < LEAST || !(usual > 0)) return null;
  const first = (means: Hypothesis[]): Hypothesis[] =>
    means.map((each) => begun(each, at(past.lowMs, from), at(highMs, from)));
  const coarse = yield* filtered(
    past,
    from + 1,
    first(SPREADS.flatMap((spread) => grid(usual, MEANS, spread))),
  );
  const [best] = [...(coarse.at(-1)?.[1] ?? [])].sort((a, b) => b.logWeight - a.logWeight);
  if (best === undefined) return null;
  const fine = yield* filtered(past, from + 1, first(grid(best.meanMs, [0.95, 1.05], FINE)));
  const both = coarse.map(([seenMs, all], i) => [seenMs, [...all, ...(fine[i]?.[1] ?? [])]] as const);
  return {
    after: new Map(both.map(([seenMs, all]) => [seenMs, likely(all)] as const).slice(-KEPT_BELIEFS)),
    last: both.at(-1)?.[1] ?? [],
    lastMs: at(highMs, highMs.length - 1),
    laidBy: highMs.length - from,
    since: 0,
  };
}

/** What is believed after each change from `from` on. */
function* filtered(
  { lowMs, highMs }: Past,
  from: number,
  start: readonly Hypothesis[],
): Work<(readonly [number, readonly Hypothesis[]])[]> {
  const beliefs: (readonly [number, readonly Hypothesis[]])[] = [];
  let alive = start;
  for (let i = from; i < highMs.length; i++) {
    alive = alive.map((each) => stepped(each, at(lowMs, i), at(highMs, i)));
    const most = Math.max(...alive.map(({ logWeight }) => logWeight));
    alive = alive.filter(({ logWeight }) => logWeight > most - HOPELESS);
    beliefs.push([at(highMs, i), alive]);
    yield;
  }
  return beliefs;
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
