import { normalCdf } from '../math/normal.ts';

/** Of changes, those that follow no rule. */
const IRREGULAR = 0.005;
/** What an observation still counts after another. */
const KEPT = 0.99;
/** Several changes between two looks: at most so many are told apart, and those with at least this part of the chance are gone on with. */
const MOST_MISSED = 12;
const BRANCH = 0.02;
/** How much the period itself may move from one change to the next, in parts of what intervals wander by. */
const PERIOD_DRIFT = 0.03;

/** Each tick a period after the one before, early or late for good, and its change early or late on its own: what is believed of the last tick and of the period, normal, with their covariance. */
export interface Drift {
  /** Standard deviation of an interval, in parts of the period. */
  readonly wander: number;
  /** And of a change from its tick. */
  readonly jitter: number;
  readonly lastMs: number;
  readonly periodMs: number;
  readonly varLast: number;
  readonly varPeriod: number;
  readonly covariance: number;
  readonly logWeight: number;
  /** Chance that it gave to what was seen last, against that of a memoryless process. */
  readonly odds: number;
}

/** After a first change between two looks; the period is known to some part of itself. */
export function begunDrift(
  { wander, jitter }: Pick<Drift, 'wander' | 'jitter'>,
  periodMs: number,
  part: number,
  low: number,
  high: number,
): Drift {
  return {
    wander,
    jitter,
    lastMs: (low + high) / 2,
    periodMs,
    varLast: (high - low) ** 2 / 12 + (wander * periodMs) ** 2 / 16,
    varPeriod: (part * periodMs) ** 2,
    covariance: 0,
    logWeight: 0,
    odds: 1,
  };
}

/** Chance that no change comes from the look at `from` until `to`. */
export function stays(drift: Drift, from: number, to: number): number {
  const { periodMs, lastMs } = drift;
  const spreadMs = Math.sqrt(nextVariance(drift));
  const nextMs = lastMs + periodMs;
  const regular = normalCdf((nextMs - to) / spreadMs) / Math.max(normalCdf((nextMs - from) / spreadMs), 1e-9);
  return (1 - IRREGULAR) * Math.min(1, regular) + IRREGULAR * Math.exp(-(to - from) / periodMs);
}

function nextVariance({ wander, jitter, periodMs, varLast, varPeriod, covariance }: Drift): number {
  return varLast + varPeriod + 2 * covariance + (wander * periodMs) ** 2 + (jitter * periodMs) ** 2;
}

/**
 * From the look at `from`, which found the last change: none came until `low`, one or more by `high`. For each number of changes that it may have been, the
 * belief is moved on and cut to what the looks allow, by its moments (assumed-density filtering).
 */
export function seenBy(drift: Drift, from: number, low: number, high: number): readonly Drift[] {
  const ways: (readonly [Drift, number])[] = [];
  let regular = 0;
  const passed = (high - drift.lastMs) / drift.periodMs;
  const first = Math.max(1, Math.floor(passed) - MOST_MISSED / 2);
  for (let n = first; n <= Math.min(Math.ceil(passed) + 1, first + MOST_MISSED); n++) {
    const way = cutTo(movedOn(drift, n), n, low, high);
    regular += way[1];
    ways.push(way);
  }
  const irregular =
    Math.exp(-(low - from) / drift.periodMs) - Math.exp(-(Math.max(high, low + 1) - from) / drift.periodMs);
  const chance = (1 - IRREGULAR) * regular + IRREGULAR * irregular;
  const before = KEPT * drift.logWeight;
  const odds = chance / Math.max(irregular, 1e-9);
  // What it cannot have been was none of its changes: it is looked for again where it was seen.
  if (regular < IRREGULAR * irregular)
    return [
      {
        ...begunDrift(drift, drift.periodMs, 0.03, low, high),
        logWeight: before + Math.log(Math.max(chance, 1e-9)),
        odds,
      },
    ];
  return ways
    .filter(([, each]) => each > BRANCH * regular)
    .map(([way, each]) => ({ ...way, logWeight: before + Math.log(Math.max(each, 1e-9)), odds }));
}

/** By `n` changes. */
function movedOn(drift: Drift, n: number): Drift {
  const { wander, periodMs, lastMs, varLast, varPeriod, covariance } = drift;
  return {
    ...drift,
    lastMs: lastMs + n * periodMs,
    varLast: varLast + 2 * n * covariance + n * n * varPeriod + n * (wander * periodMs) ** 2,
    covariance: covariance + n * varPeriod,
    varPeriod: varPeriod + n * (PERIOD_DRIFT * wander * periodMs) ** 2,
  };
}

/** The last of `n` came by `high`, the one after it later, the first one after `low`; and the chance of that. */
function cutTo(drift: Drift, n: number, low: number, high: number): readonly [Drift, number] {
  const wanderMs = drift.wander * drift.periodMs;
  const jitterMs = drift.jitter * drift.periodMs;
  const [early, byHigh] = cut(drift, 0, high, jitterMs, -1);
  const [later, notYet] = cut(early, 1, high, Math.hypot(wanderMs, jitterMs), 1);
  const [after, afterLow] = cut(later, 1 - n, low, Math.hypot(wanderMs * Math.sqrt(n - 1), jitterMs), 1);
  return [after, byHigh * notYet * afterLow];
}

/** last + `b` · period lies above (`side` 1) or below (−1) `limit`, which is soft by `soft`: moments of what is left, and its chance. */
function cut(drift: Drift, b: number, limit: number, soft: number, side: 1 | -1): readonly [Drift, number] {
  const { lastMs, periodMs, varLast, varPeriod, covariance } = drift;
  const withLast = varLast + b * covariance;
  const withPeriod = covariance + b * varPeriod;
  const variance = Math.max(withLast + b * withPeriod, 1e-6);
  const scale = Math.sqrt(variance + soft * soft);
  const z = (side * (lastMs + b * periodMs - limit)) / scale;
  const chance = Math.max(normalCdf(z), 1e-12);
  const hazard = z < -7 ? -z + 1 / -z : Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / chance;
  const move = (side * hazard) / scale;
  const narrow = Math.min(1 - 1e-4, hazard * (z + hazard)) / (scale * scale);
  return [
    {
      ...drift,
      lastMs: lastMs + withLast * move,
      periodMs: Math.max(1, periodMs + withPeriod * move),
      varLast: Math.max(varLast - withLast * withLast * narrow, 1e-4 * varLast),
      varPeriod: Math.max(varPeriod - withPeriod * withPeriod * narrow, 1e-4 * varPeriod),
      covariance: covariance - withLast * withPeriod * narrow,
    },
    chance,
  ];
}
