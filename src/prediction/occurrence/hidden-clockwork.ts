import { at, nth } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type Clock, noneUntil, started, told } from './clock-hypothesis.ts';
import { type Fit, intervalsOf, type OccurrenceModel, type Past, type Within, type Work } from './model.ts';

/** Changes that it takes to look for a clock. */
const LEAST = 8;
/** Where the period may be, in parts of the median between changes seen. */
const PERIODS = [0.4, 1.3] as const;
/** Log odds against a memoryless process, the last counting most, below which what is believed is given up. */
const DOUBT = -2.5;
const DOUBT_KEPT = 0.85;
/** How early or late changes are, in parts of the period (scale of a logistic distribution). */
const SPREADS = [0.006, 0.02, 0.05] as const;
/** The search begins this coarse, in parts of the period, with so many of the last changes; then finer, and further back. */
const COARSE = 1 / 8;
const FIRST = 12;
const MOST = 192;
/** Places that are searched on from, those far behind the best left out; and clocks that are kept. */
const SEARCHED = 160;
const BEHIND = 6;
const KEPT_CLOCKS = 120;
const HOPELESS = 8;
/** Believed ones that others are looked for about. */
const REFINED = 5;
/** Changes that tests ask about. */
const TESTED = 26;
const UNLIKELY = 5;
const ASKED = 32;

/**
 * Changes by the clock, seen only through looks: periods and phases that agree with all that looks said, found from coarse to fine over ever more of the past, each
 * weighted by its likelihood under interval censoring. A phase that many looks together have found stays known however seldom one of them reveals anything, for what
 * is late does not add up (in a renewal process it does: `hiddenRenewal`).
 */
export const hiddenClockwork: OccurrenceModel = {
  name: 'hidden-clockwork',
  *learn(past, earlier) {
    // Nothing is hidden.
    if (past.highMs.every((high, i) => high === at(past.lowMs, i))) return () => null;
    const known = earlier === undefined ? undefined : beliefsOf.get(earlier);
    const beliefs = (known === undefined ? null : yield* continued(known, past)) ?? (yield* begunAnew(past));
    const fit: Fit = (count, nowMs) => {
      const lastMs = at(past.highMs, count - 1);
      const belief = beliefs?.after.get(lastMs);
      return belief === undefined ? null : within(belief, lastMs, nowMs);
    };
    if (beliefs !== null) beliefsOf.set(fit, beliefs);
    return fit;
  },
};

interface Beliefs {
  /** After each of the last changes, by when it was seen: the likely ones. */
  readonly after: ReadonlyMap<number, readonly Clock[]>;
  readonly last: readonly Clock[];
  readonly lastMs: number;
  /** Changes that the search looked at, and those that came since. */
  readonly searched: number;
  readonly since: number;
  /** How it did of late, in nats, against a memoryless process. */
  readonly trust: number;
}

/** What a fit was made of, so that the next goes on from there. */
const beliefsOf = new WeakMap<Fit, Beliefs>();

/** With the changes that came since. Null: not the same past. */
function* continued(known: Beliefs, past: Past): Work<Beliefs | null> {
  const { highMs } = past;
  const from = highMs.lastIndexOf(known.lastMs) + 1;
  if (from === 0) return null;
  const steps = yield* followed(known.last, past, from);
  const came = [...known.after, ...steps.map(([seenMs, all]) => [seenMs, likely(all)] as const)];
  const now: Beliefs = {
    after: new Map(came.slice(-TESTED)),
    last: steps.at(-1)?.[1] ?? known.last,
    lastMs: at(highMs, highMs.length - 1),
    searched: known.searched,
    since: known.since + highMs.length - from,
    trust: steps.reduce((sum, [, , odds]) => DOUBT_KEPT * sum + Math.log(odds), known.trust),
  };
  const isDoubted = now.trust < DOUBT;
  if (!isDoubted && now.since <= now.searched / 2) return now;
  const changes = isDoubted ? Math.min(2 * FIRST, highMs.length) : highMs.length;
  const last = yield* isDoubted
    ? search(past, highMs.length, changes)
    : refined(past, likely(now.last).slice(0, REFINED));
  if (last.length === 0) return now;
  // What was said of the past was said without knowing what came: it stays as it was.
  return {
    ...now,
    after: new Map([...now.after, [now.lastMs, likely(last)] as const]),
    last,
    searched: Math.min(MOST, changes),
    since: 0,
    trust: 0,
  };
}

/** A search of the first part, from which the rest, which tests ask about, is followed as it came. */
function* begunAnew(past: Past): Work<Beliefs | null> {
  const { highMs } = past;
  const followedOf = Math.min(TESTED, highMs.length >> 1);
  const count = Math.max(LEAST, highMs.length - followedOf);
  if (highMs.length < count) return null;
  const found = yield* search(past, count, count);
  if (found.length === 0) return null;
  const steps = yield* followed(found, past, count);
  const all = [[at(highMs, count - 1), found, 1] as const, ...steps];
  return {
    after: new Map(all.map(([seenMs, clocks]) => [seenMs, likely(clocks)] as const).slice(-TESTED)),
    last: all.at(-1)?.[1] ?? found,
    lastMs: at(highMs, highMs.length - 1),
    searched: Math.min(MOST, count),
    since: highMs.length - count,
    trust: 0,
  };
}

function* followed(
  start: readonly Clock[],
  { lowMs, highMs }: Past,
  from: number,
): Work<(readonly [seenMs: number, clocks: readonly Clock[], odds: number])[]> {
  const steps: (readonly [number, readonly Clock[], number])[] = [];
  let clocks = start;
  for (let i = from; i < highMs.length; i++) {
    const weights = weightsOf(clocks);
    clocks = clocks.map((each) => told(each, at(highMs, i - 1), at(lowMs, i), at(highMs, i)));
    const odds = clocks.reduce((sum, each, j) => sum + nth(weights, j) * each.odds, 0);
    steps.push([at(highMs, i), clocks, odds]);
    yield;
  }
  return steps;
}

/** Clocks that agree with the last `most` of the first `count` changes. */
function* search(past: Past, count: number, most: number): Work<readonly Clock[]> {
  const usual = median(intervalsOf(past.middleMs.subarray(Math.max(0, count - 32), count)));
  if (!(usual > 0)) return [];
  const range = [PERIODS[0] * usual, PERIODS[1] * usual] as const;
  const furthest = Math.min(MOST, most);
  const found: Clock[] = [];
  for (const spread of SPREADS) {
    let step = COARSE;
    let changes = Math.min(FIRST, furthest);
    let cells = yield* weighed(past, count, changes, step, spread, begun(past, count, changes, range));
    while (step > spread * 2 || changes < furthest) {
      const finer = step > spread * 2 ? 2 : 1;
      const further = Math.min(furthest, 2 * changes) / changes;
      const split = best(cells).flatMap((cell) => splitOf(cell, finer, Math.ceil(finer * further)));
      step /= finer;
      changes *= further;
      cells = yield* weighed(past, count, changes, step, spread, split);
    }
    found.push(...cells.map(({ clock }) => clock));
  }
  return fewer(found, HOPELESS, KEPT_CLOCKS);
}

/** Those near the believed ones that agree best with all of the past. */
function* refined(past: Past, believed: readonly Clock[]): Work<readonly Clock[]> {
  const { highMs } = past;
  const count = highMs.length;
  const changes = Math.min(MOST, count);
  const spanMs = at(highMs, count - 1) - at(highMs, count - changes);
  const found: Clock[] = [];
  for (const spread of SPREADS) {
    const places = believed.flatMap(({ periodMs, tickMs, spreadMs }) => {
      const halfTickMs = 2 * Math.max(spreadMs, (spread * periodMs) / 2);
      const halfPeriodMs = (halfTickMs * periodMs) / Math.max(spanMs, periodMs);
      return splitOf({ periodMs, tickMs, halfPeriodMs, halfTickMs }, 4, 5);
    });
    found.push(...(yield* weighed(past, count, changes, 0, spread, places)).map(({ clock }) => clock));
  }
  return fewer(found, HOPELESS, KEPT_CLOCKS);
}

/** A period and a phase, and how far about them nothing else is tried. */
interface Cell {
  readonly periodMs: number;
  readonly tickMs: number;
  readonly halfPeriodMs: number;
  readonly halfTickMs: number;
  readonly clock: Clock;
}

type Place = Omit<Cell, 'clock'>;

function begun(past: Past, count: number, changes: number, [from, until]: readonly [number, number]): Place[] {
  const { highMs } = past;
  const lastMs = at(highMs, count - 1);
  const spanMs = lastMs - at(highMs, count - changes);
  const places: Place[] = [];
  for (let periodMs = from; periodMs < until; ) {
    // So far apart that over the whole span they are off by a step.
    const apart = (COARSE * periodMs * periodMs) / Math.max(spanMs, periodMs);
    for (let phase = 0; phase < 1; phase += COARSE)
      places.push({
        periodMs,
        tickMs: lastMs - phase * periodMs,
        halfPeriodMs: apart / 2,
        halfTickMs: (COARSE * periodMs) / 2,
      });
    periodMs += apart;
  }
  return places;
}

function splitOf({ periodMs, tickMs, halfPeriodMs, halfTickMs }: Place, ticks: number, periods: number): Place[] {
  const places: Place[] = [];
  for (let i = 0; i < periods; i++)
    for (let j = 0; j < ticks; j++)
      places.push({
        periodMs: periodMs + halfPeriodMs * ((2 * i + 1) / periods - 1),
        tickMs: tickMs + halfTickMs * ((2 * j + 1) / ticks - 1),
        halfPeriodMs: halfPeriodMs / periods,
        halfTickMs: halfTickMs / ticks,
      });
  return places;
}

function* weighed(
  past: Past,
  count: number,
  changes: number,
  step: number,
  spread: number,
  places: readonly Place[],
): Work<Cell[]> {
  const { lowMs, highMs } = past;
  const cells: Cell[] = [];
  const first = Math.max(0, count - Math.round(changes));
  for (const [i, place] of places.entries()) {
    const { periodMs, tickMs } = place;
    const spreadMs = periodMs * Math.hypot(spread, 0.3 * step);
    let clock = started(periodMs, spreadMs, tickMs, at(highMs, first));
    for (let k = first + 1; k < count; k++)
      clock = told(clock, at(highMs, k - 1), at(lowMs, k), at(highMs, k));
    cells.push({ ...place, clock });
    if (i % 16 === 15) yield;
  }
  return cells;
}

function best(cells: readonly Cell[]): readonly Cell[] {
  const highest = Math.max(...cells.map(({ clock }) => clock.logWeight));
  const near = cells.filter(({ clock }) => clock.logWeight > highest - BEHIND);
  return near.length <= SEARCHED ? near : thinned(near, SEARCHED, ({ clock }) => clock).map(([cell]) => cell);
}

function likely(clocks: readonly Clock[]): readonly Clock[] {
  return fewer(clocks, UNLIKELY, ASKED);
}

function fewer(clocks: readonly Clock[], behind: number, most: number): readonly Clock[] {
  const highest = Math.max(...clocks.map(({ logWeight }) => logWeight));
  const near = clocks.filter(({ logWeight }) => logWeight > highest - behind);
  if (near.length <= most) return near;
  return thinned(near, most, (each) => each).map(([each, times]) => ({
    ...each,
    logWeight: highest + Math.log(times / most),
  }));
}

/** At most so many, in proportion to their weights, from all over where the next change may be: where looks say little, most are alike (systematic resampling). */
function thinned<Each>(
  all: readonly Each[],
  most: number,
  clockOf: (each: Each) => Clock,
): readonly (readonly [each: Each, times: number])[] {
  const nextMs = (each: Each): number => clockOf(each).tickMs + clockOf(each).periodMs;
  const sorted = [...all].sort((a, b) => nextMs(a) - nextMs(b));
  const weights = weightsOf(sorted.map(clockOf));
  const kept: (readonly [Each, number])[] = [];
  let sum = 0;
  for (const [i, each] of sorted.entries()) {
    const before = Math.floor(sum * most + 0.5);
    sum += nth(weights, i);
    const times = Math.floor(sum * most + 0.5) - before;
    if (times > 0) kept.push([each, times]);
  }
  return kept;
}

function within(clocks: readonly Clock[], lastMs: number, nowMs: number): Within | null {
  const weights = weightsOf(clocks);
  const stay = (untilMs: number): number =>
    clocks.reduce((sum, clock, i) => sum + nth(weights, i) * noneUntil(clock, lastMs, untilMs), 0);
  const stayed = stay(nowMs);
  if (!(stayed > 0)) return null;
  return (hMs) => Math.max(0, 1 - stay(nowMs + hMs) / stayed);
}

function weightsOf(clocks: readonly Clock[]): readonly number[] {
  const most = Math.max(...clocks.map(({ logWeight }) => logWeight));
  const raw = clocks.map(({ logWeight }) => Math.exp(logWeight - most));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}
