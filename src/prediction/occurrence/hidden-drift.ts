import { at, nth } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type Beliefs, believing } from './beliefs.ts';
import { begunDrift, type Drift, seenBy, stays } from './drift-hypothesis.ts';
import { intervalsOf, type OccurrenceModel, type Past, type Within, type Work } from './model.ts';

const LEAST = 4;
/** Where the period may be at first, in parts of the median between changes seen, each known to this part. */
const PERIODS = [0.45, 0.6, 0.75, 0.9, 1, 1.15] as const;
const PART = 0.08;
/** Standard deviations of an interval, and of a change from its tick, in parts of the period. */
const NOISES = [
  { wander: 0.0005, jitter: 0.01 },
  { wander: 0.001, jitter: 0.03 },
  { wander: 0.004, jitter: 0 },
  { wander: 0.015, jitter: 0 },
  { wander: 0.05, jitter: 0 },
  { wander: 0.12, jitter: 0 },
] as const;
/** Beliefs kept of the past, which tests ask for. */
const TESTED = 26;
/** Those this far behind the best, in nats, are given up; and so many are kept at most. */
const HOPELESS = 9;
const MOST_KEPT = 48;
/** And asked. */
const UNLIKELY = 5;
const ASKED = 16;
/** Log odds against a memoryless process, the last counting most, below which it begins anew with the last changes. */
const DOUBT = -2.5;
const DOUBT_KEPT = 0.85;
const RECENT = 24;

/**
 * Changes each about a period after the one before, seen only through looks: the last one and the period are followed together, so that what a look says of the one
 * tells of the other, and nothing is rounded to a grid: for little wander and looks that seldom reveal anything (`hiddenRenewal` takes any).
 */
export const hiddenDrift: OccurrenceModel = believing<Drift, Known>({
  name: 'hidden-drift',
  least: LEAST,
  continued,
  begun: (past) => begun(past, 0),
  within,
});

interface Known extends Beliefs<Drift> {
  readonly last: readonly Drift[];
  readonly lastMs: number;
  /** How it did of late, in nats, against a memoryless process. */
  readonly trust: number;
  /** Changes since it began, or began anew. */
  readonly since: number;
}

/** With the changes that came since. Null: not the same past. */
function* continued(known: Known, past: Past): Work<Known | null> {
  const from = past.highMs.lastIndexOf(known.lastMs) + 1;
  if (from === 0) return null;
  const now = yield* followed(known, past, from);
  if (now.trust >= DOUBT || now.since < RECENT) return now;
  const anew = yield* begun(past, Math.max(0, past.highMs.length - RECENT));
  // What was said of the past was said without knowing what came: it stays as it was.
  if (anew === null) return now;
  return { ...anew, after: new Map([...now.after, [anew.lastMs, likely(anew.last)] as const]) };
}

function* begun(past: Past, from: number): Work<Known | null> {
  const { lowMs, highMs } = past;
  const usual = median(intervalsOf(past.middleMs.subarray(Math.max(from, highMs.length - 64))));
  if (highMs.length - from < LEAST || !(usual > 0)) return null;
  const last = NOISES.flatMap((noise) =>
    PERIODS.map((part) => begunDrift(noise, part * usual, PART, at(lowMs, from), at(highMs, from))),
  );
  const start = { after: new Map(), last, lastMs: at(highMs, from), trust: 0, since: 0 };
  return { ...(yield* followed(start, past, from + 1)), trust: 0, since: 0 };
}

function* followed(known: Known, { lowMs, highMs }: Past, from: number): Work<Known> {
  let { last, trust } = known;
  const after = [...known.after];
  for (let i = from; i < highMs.length; i++) {
    const weights = weightsOf(last);
    const branches = last.map((each) => seenBy(each, at(highMs, i - 1), at(lowMs, i), at(highMs, i)));
    const odds = branches.reduce((sum, [first], j) => sum + nth(weights, j) * (first?.odds ?? 0), 0);
    trust = DOUBT_KEPT * trust + Math.log(Math.max(odds, 1e-9));
    last = believable(branches.flat(), HOPELESS, MOST_KEPT);
    after.push([at(highMs, i), likely(last)]);
    yield;
  }
  const since = known.since + highMs.length - from;
  return { after: new Map(after.slice(-TESTED)), last, lastMs: at(highMs, highMs.length - 1), trust, since };
}

function believable(drifts: readonly Drift[], behind: number, most: number): readonly Drift[] {
  const highest = Math.max(...drifts.map(({ logWeight }) => logWeight));
  const near = drifts.filter(({ logWeight }) => logWeight > highest - behind);
  if (near.length <= most) return near;
  return [...near].sort((a, b) => b.logWeight - a.logWeight).slice(0, most);
}

function likely(drifts: readonly Drift[]): readonly Drift[] {
  return believable(drifts, UNLIKELY, ASKED);
}

function within(drifts: readonly Drift[], lastMs: number, nowMs: number): Within | null {
  const weights = weightsOf(drifts);
  const stay = (untilMs: number): number =>
    drifts.reduce((sum, drift, i) => sum + nth(weights, i) * stays(drift, lastMs, untilMs), 0);
  const stayed = stay(nowMs);
  if (!(stayed > 0)) return null;
  return (hMs) => Math.max(0, 1 - stay(nowMs + hMs) / stayed);
}

function weightsOf(drifts: readonly Drift[]): readonly number[] {
  const most = Math.max(...drifts.map(({ logWeight }) => logWeight));
  const raw = drifts.map(({ logWeight }) => Math.exp(logWeight - most));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}
