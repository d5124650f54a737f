/** Of changes, those that have nothing to do with the clock. */
const IRREGULAR = 0.004;
/** What an observation still counts after another, so that a clock that was set anew is learned anew. */
const KEPT = 0.997;
/** Ticks further than this from a moment, in spreads, have come or not. */
const FAR = 9;

/** Changes at the ticks of a clock, each early or late on its own (logistic): what is late does not make the next one later. */
export interface Clock {
  readonly periodMs: number;
  readonly spreadMs: number;
  readonly logWeight: number;
  /** The tick that is nearest to the last look. */
  readonly tickMs: number;
  /** The chance that its change was yet to come then. */
  readonly pending: number;
  /** Chance that it gave to what was seen last, against that of a memoryless process; 1: nothing was. */
  readonly odds: number;
}

/** As of a moment, of which nothing more is known. */
export function started(periodMs: number, spreadMs: number, tickMs: number, atMs: number): Clock {
  const nearestMs = tickMs + Math.round((atMs - tickMs) / periodMs) * periodMs;
  const pending = above(atMs - nearestMs, spreadMs);
  return { periodMs, spreadMs, logWeight: 0, tickMs: nearestMs, pending, odds: 1 };
}

/** Chance that no change comes from the look at `from` until `to`. */
export function noneUntil(clock: Clock, from: number, to: number): number {
  const irregular = Math.exp(-(to - from) / clock.periodMs);
  return (1 - IRREGULAR) * quiet(clock, from, to, -1) + IRREGULAR * irregular;
}

/** From the look at `from`: none came until `low`, one or more by `high`. */
export function told(clock: Clock, from: number, low: number, high: number): Clock {
  const { periodMs, spreadMs, tickMs, pending, logWeight } = clock;
  // What is known to the moment is known as well as clocks are.
  const middle = (low + high) / 2;
  const half = Math.max((high - low) / 2, spreadMs / 8);
  const early = Math.max(from, middle - half);
  const late = middle + half;
  const regular = quiet(clock, from, early, -1) - quiet(clock, from, late, -1);
  const irregular = Math.exp(-(early - from) / periodMs) - Math.exp(-(late - from) / periodMs);
  const chance = (1 - IRREGULAR) * Math.max(0, regular) + IRREGULAR * irregular;
  const ahead = Math.max(0, Math.round((high - tickMs) / periodMs));
  const nearestMs = tickMs + ahead * periodMs;
  const others = quiet(clock, from, early, ahead) - quiet(clock, from, late, ahead);
  const stays = above(late - nearestMs, spreadMs) / above(from - nearestMs, spreadMs);
  const still =
    regular > 1e-6
      ? ((ahead === 0 ? pending : 1) * stays * others) / regular
      : above(late - nearestMs, spreadMs);
  return {
    periodMs,
    spreadMs,
    logWeight: KEPT * logWeight + Math.log(Math.max(chance, 1e-9)),
    tickMs: nearestMs,
    pending: Math.min(1, Math.max(0, still)),
    odds: chance / Math.max(irregular, 1e-9),
  };
}

/** Chance that no tick but the one left out, counted from the nearest, brings its change from `from` until `to`. */
function quiet({ periodMs, spreadMs, tickMs, pending }: Clock, from: number, to: number, but: number): number {
  if (to <= from) return 1;
  let chance = 1;
  if (but !== 0) chance -= pending * (1 - above(to - tickMs, spreadMs) / above(from - tickMs, spreadMs));
  for (let n = 1; ; n++) {
    const tick = tickMs + n * periodMs;
    if (tick - to > FAR * spreadMs || chance < 1e-9) return chance;
    if (n === but) continue;
    chance *= above(to - tick, spreadMs) / above(from - tick, spreadMs);
  }
}

/** Chance that a change comes later than so long after its tick. */
function above(ms: number, spreadMs: number): number {
  return 1 / (1 + Math.exp(Math.min(30, ms / spreadMs)));
}
